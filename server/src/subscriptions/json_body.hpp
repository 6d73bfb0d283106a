#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "subscriptions/rejections.hpp"

namespace foldback::server::subscriptions {

/// An offset that a worker says it has processed.
struct Ack {
    std::string stream;
    std::string offset;  ///< a token, as it came
};

/// The JSON object in a request's body. Members that nobody asks for are ignored; one of another type than asked for is
/// rejected (INVALID_REQUEST), and null is as if it were absent.
class JsonBody {
public:
    /// An empty body is an empty object.
    [[nodiscard]] static Checked<JsonBody> parse(std::string_view text);

    [[nodiscard]] Checked<std::optional<std::string>> text(const char* name) const;
    /// The text `inner` in the object `name`.
    [[nodiscard]] Checked<std::optional<std::string>> text_within(const char* name, const char* inner) const;
    /// A whole number that is not negative.
    [[nodiscard]] Checked<std::optional<std::uint64_t>> number(const char* name) const;
    [[nodiscard]] Checked<bool> flag(const char* name) const;  ///< absent: false
    /// Streams' paths, sorted, each once; empty when absent. At most `max_streams_per_request`.
    [[nodiscard]] Checked<std::vector<std::string>> paths(const char* name) const;
    /// `[{"stream":…,"offset":…}]`; empty when absent. At most `max_streams_per_request`.
    [[nodiscard]] Checked<std::vector<Ack>> acks() const;

private:
    struct Document;
    explicit JsonBody(std::shared_ptr<const Document> document) : document_(std::move(document)) {}

    std::shared_ptr<const Document> document_;
};

}  // namespace foldback::server::subscriptions
