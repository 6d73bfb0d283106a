#pragma once

#include <charconv>
#include <chrono>
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

#include "foldback/core/offset.hpp"
#include "foldback/core/timestamp.hpp"

namespace foldback {

/// The number of a stream's creation, increasing store-wide, never reused. 0 means "none".
struct Incarnation {
    std::uint64_t value = 0;

    friend auto operator<=>(Incarnation, Incarnation) = default;
};

/// An offset together with the incarnation of the stream whose data lies before it: what a wire offset token says.
/// Below the point where a fork left its source, the incarnation is the source's, so that a fork and its source name
/// the shared history alike (PROTOCOL §8, "Offsets and forked streams").
struct StreamPoint {
    Incarnation incarnation;
    Offset offset;

    friend auto operator<=>(StreamPoint, StreamPoint) = default;
};

/// The name of a stream: `/`-separated segments such as `orders/42/events`, without a leading slash. Always valid:
/// 1 to 1024 bytes of UTF-8, no empty segment, no `.` or `..` segment, no control byte (below 0x20, or 0x7F), no
/// backslash.
class StreamPath {
public:
    static constexpr std::size_t max_bytes = 1024;

    /// Throws std::invalid_argument with the reason when `text` is not a valid path.
    StreamPath(std::string_view text);  // NOLINT(google-explicit-constructor): a path reads like its text
    StreamPath(const char* text) : StreamPath(std::string_view(text)) {}
    StreamPath(const std::string& text) : StreamPath(std::string_view(text)) {}

    /// The path, or why `text` is not a valid one, as a sentence.
    [[nodiscard]] static boost::system::result<StreamPath, std::string> parse(std::string_view text);
    /// Why `text` is not a valid path, as a sentence; empty when it is valid.
    [[nodiscard]] static std::string problem_with(std::string_view text);

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

    friend auto operator<=>(const StreamPath&, const StreamPath&) = default;

private:
    struct Valid {};
    StreamPath(Valid /*unused*/, std::string_view text) : text_(text) {}

    std::string text_;
};

}  // namespace foldback

template <>
struct std::hash<foldback::StreamPath> {
    std::size_t operator()(const foldback::StreamPath& path) const noexcept {
        return std::hash<std::string>{}(path.text());
    }
};
