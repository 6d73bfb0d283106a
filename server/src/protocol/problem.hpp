#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/system/result.hpp>

#include "foldback/server/http_message.hpp"

namespace foldback::server::protocol {

/// Why a request is answered with an error status.
struct Problem {
    Problem() = default;
    Problem(unsigned status_code, std::string_view short_name, std::string sentence)
        : status(status_code), code(short_name), detail(std::move(sentence)) {}

    unsigned status = 500;
    std::string_view code = "internal";  ///< a literal; programs act on it
    std::string detail;                  ///< for people; holds nothing of the request that is not valid UTF-8
};

[[nodiscard]] inline Problem bad_request(std::string_view code, std::string detail) {
    return {400, code, std::move(detail)};
}

/// Why nothing of a stream may be deleted (ApiOptions::is_held).
[[nodiscard]] inline Problem held_problem() {
    return {409, "held", "The stream is under a hold: nothing of it may be deleted."};
}

/// The store has as much as it may (ApiOptions::has_room).
[[nodiscard]] inline Problem no_room() {
    return {507, "quota", "The store holds as much as it is allowed to. Reads go on."};
}

/// Its sender has as much as he may (ApiOptions::quotas).
[[nodiscard]] inline Problem over_quota() {
    return {507, "quota", "These credentials have used up their quota of streams or bytes. Reads and deletions go on."};
}

/// What a part of a request says, or why the request is refused.
template <class Value>
using Parsed = boost::system::result<Value, Problem>;

/// The problem document of RFC 9457, as a response without the headers common to all responses.
[[nodiscard]] Response to_response(const Problem& problem);

/// The standard phrase of a status; empty for one that is not used here.
[[nodiscard]] std::string_view reason_phrase(unsigned status) noexcept;

}  // namespace foldback::server::protocol
