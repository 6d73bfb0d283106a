#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "client/connection.hpp"
#include "client/http.hpp"
#include "client/operation.hpp"
#include "client/runtime.hpp"
#include "client/target.hpp"

namespace foldback::client::detail {

/// What one call sends, however often.
struct Request {
    const Target& target;
    Method method = Method::get;
    std::string query{};
    Headers headers{};
    const NamedValues* values = nullptr;  ///< besides the stream's and the client's; of equal names, these count
    std::string_view body{};
    Source source{};  ///< instead of a body
    std::optional<std::uint64_t>
        source_bytes{};          ///< what it will give, announced to the server; unknown: sent in chunks
    bool asks_first = false;     ///< the source is sent when the server wants it, or says nothing for a second
    bool is_repeatable = false;  ///< twice is as good as once
    int max_retries = 0;         ///< unlimited_retries: as long as the operation may last
    unsigned* unanswered =
        nullptr;  ///< if set, is increased by each attempt that the server may have carried out unheard
};
inline constexpr int unlimited_retries = -1;

/// Sends the request, again where that is safe (see RetryOptions), and reads the whole answer. An answer of an error's status
/// is an error.
/// The answer's `unanswered` counts the attempts before it that the server may have carried out.
[[nodiscard]] Task<Result<Response>> exchange(std::shared_ptr<Operation> operation, const Request& request);

/// An answer whose body is read as it comes.
struct OpenAnswer {
    ResponseHead head;
    std::shared_ptr<Connection> connection;
};
[[nodiscard]] Task<Result<OpenAnswer>> open(std::shared_ptr<Operation> operation, const Request& request);

/// The error that an answer means.
[[nodiscard]] Error error_of(const Request& request, const ResponseHead& head, std::string body);

/// The error of a call that came to its end before the request was sent.
[[nodiscard]] Error over(const Operation& operation, const Target& target);

}  // namespace foldback::client::detail
