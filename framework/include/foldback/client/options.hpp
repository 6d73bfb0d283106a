#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace foldback::client {

using Deadline = std::chrono::steady_clock::time_point;

/// The deadline that lies `time` ahead.
[[nodiscard]] inline Deadline within(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }

/// When to give up. A deadline or a stop request ends waiting at once, also in the middle of a request: what it then means
/// is the error's code.
struct CallOptions {
    std::stop_token stop{};
    Deadline deadline = Deadline::max();
};

/// A header's or parameter's value, or a function that is asked for it before every request, also before a request that is
/// sent again: for tokens that expire. Functions run one after another on a thread of the client's that does nothing else:
/// they may block, but not use this client's streams. What a function throws becomes an error `invalid_argument`.
using Value = std::variant<std::string, std::function<std::string()>>;
using NamedValues = std::vector<std::pair<std::string, Value>>;

/// How often, and after how long, a request is sent again that a server surely did not carry out, or may carry out twice.
/// The n-th wait is a random time of up to `initial_delay * multiplier^n`, at most `max_delay`; a server's Retry-After, if
/// longer, prevails.
///
/// Sent again: what never reached the server; 429, 500 and 503; reads, HEAD, creations, deletions, close without a message,
/// and producers' batches also after a lost answer, 502 and 504. A plain append whose answer is lost is never sent again.
struct RetryOptions {
    int max_retries = 10;  ///< a read that has come as far as following a stream goes on for ever
    std::chrono::milliseconds initial_delay{100};
    std::chrono::milliseconds max_delay{60'000};
    double multiplier = 1.3;

    /// What is wrong with these values, as a sentence; empty when nothing is.
    [[nodiscard]] std::string problem() const;
};

struct ClientOptions {
    NamedValues headers{};     ///< of every request
    NamedValues parameters{};  ///< of every request, in the query
    RetryOptions retry{};
    std::string ca_file{};  ///< PEM: whom to trust over TLS; empty: the system's roots
    std::string user_agent{};
    std::chrono::milliseconds connect_timeout{10'000};   ///< includes finding the address and TLS
    std::chrono::milliseconds response_timeout{90'000};  ///< without a byte from the server
    std::chrono::milliseconds idle_timeout{30'000};      ///< how long an unused connection is kept
    std::size_t max_idle_connections = 32;
    std::size_t max_header_bytes = 64 << 10;
    std::size_t max_body_bytes = 256 << 20;  ///< of one answer, after decompression
    bool accepts_compression = true;         ///< gzip and deflate
};

}  // namespace foldback::client
