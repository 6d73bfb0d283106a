#include "protocol/request_headers.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::array<std::string_view, header_count> names{
    "accept-encoding",
    "authorization",
    "content-encoding",
    "content-type",
    "host",
    "if-match",
    "if-none-match",
    "prefer",
    "producer-epoch",
    "producer-id",
    "producer-seq",
    "stream-closed",
    "stream-expires-at",
    "stream-fork-offset",
    "stream-fork-sub-offset",
    "stream-forked-from",
    "stream-seq",
    "stream-truncate-before",
    "stream-ttl",
    "x-forwarded-proto",
};

/// Lists, which may be split over several headers (RFC 9110 §5.3).
bool may_repeat(Header header) noexcept {
    return header == Header::accept_encoding || header == Header::if_none_match || header == Header::prefer ||
           header == Header::x_forwarded_proto;
}

std::optional<Header> known(std::string_view name) noexcept {
    for (std::size_t i = 0; i != names.size(); ++i) {
        if (names[i] == name) return static_cast<Header>(i);
    }
    return std::nullopt;
}

}  // namespace

std::string_view name_of(Header header) noexcept { return names[static_cast<std::size_t>(header)]; }

RequestHeaders::RequestHeaders(const Request& request) noexcept {
    for (const auto& [name, value] : request.headers) {
        const auto header = known(name);
        if (!header) continue;
        auto& first = first_[static_cast<std::size_t>(*header)];
        if (first == nullptr) {
            first = &value;
        } else if (!may_repeat(*header)) {
            repeated_ = header;
        }
    }
}

std::optional<Problem> RequestHeaders::repetition() const {
    if (!repeated_) return std::nullopt;
    return bad_request("repeated-header", "The header " + std::string(name_of(*repeated_)) + " is given twice.");
}

}  // namespace foldback::server::protocol
