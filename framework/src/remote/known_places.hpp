#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace foldback::remote {

/// What is known of a stream of a server whose offsets are opaque: which of them stands for how many messages (or bytes).
struct KnownStream {
    std::string content_type{};
    /// By how much lies before. The beginning is always known; of others the latest, and the one that was noted last.
    std::map<std::uint64_t, std::string> tokens{{0, "-1"}};
    /// Where the stream ended when it was last looked at; absent: it was not.
    std::optional<std::uint64_t> tail{};
    bool closed = false;

    void note(std::uint64_t count, std::string token);
    /// The nearest known place at or before `count`.
    [[nodiscard]] std::pair<std::uint64_t, std::string> before(std::uint64_t count) const;
};

/// The streams that were used last, a bounded number.
class KnownPlaces {
public:
    explicit KnownPlaces(std::size_t max_streams) : max_streams_(max_streams) {}

    /// What is known, or nothing yet. The reference holds until the next call.
    [[nodiscard]] KnownStream& of(const std::string& stream);
    void forget(const std::string& stream);

private:
    struct Entry {
        std::string stream;
        KnownStream known;
    };

    std::size_t max_streams_;
    std::list<Entry> latest_first_;
    std::unordered_map<std::string, std::list<Entry>::iterator> by_stream_;
};

}  // namespace foldback::remote
