#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "foldback/server/http_message.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

/// The Durable Streams protocol as functions of (request, store): what the HTTP connection drives, and what tests
/// drive without one.
namespace foldback::server {

class Quotas;

/// What a request adds to a store.
enum class Growth : std::uint8_t { stream, data };

/// Limits and settings of the protocol. Every one has a flag of the same name (`--max-body-bytes`, …).
struct ApiOptions {
    std::string stream_prefix = "/v1/stream/";
    /// What clients put before the prefix, such as `https://events.example`; no slash at the end. Empty: taken from each
    /// request, whose proxy may say `X-Forwarded-Proto: https`.
    std::string public_url{};
    std::chrono::milliseconds long_poll_timeout{30'000};
    std::chrono::milliseconds sse_lifetime{60'000};
    std::size_t max_response_bytes = 4 << 20;  ///< payload of one catch-up response
    std::size_t max_body_bytes = 8 << 20;      ///< 413 beyond
    std::size_t max_json_depth = 128;
    std::size_t max_batch_messages = 100'000;
    std::size_t read_threads = 8;  ///< for what is not in memory; half of them for one stream at most
    std::size_t max_queued_reads =
        1024;                           ///< waiting for one of these threads; 503 beyond, or beyond half for one stream
    std::size_t max_waiters = 200'000;  ///< long-polls and SSE readers, all streams; 503 beyond
    std::size_t max_waiters_per_stream = 50'000;  ///< 429 beyond
    /// Whether nothing of the stream may be deleted now: DELETE and truncation are refused (409, `held`). Called from
    /// any thread; empty: nothing is held.
    std::function<bool(std::string_view path)> is_held{};
    /// Value of Access-Control-Allow-Origin: `*`, or empty for no CORS headers. See with_browser_rules for a list.
    std::string cors_origin{};
    /// A request without Request::principal is refused (401): nothing gets past who should have asked.
    bool requires_principal = false;
    /// Whether there is room for another stream, or for more data (507 otherwise). Called from any thread; empty: always.
    std::function<bool(Growth)> has_room{};
    /// Keeps principals to their quotas (507 beyond). Null: nobody has one. Must outlive the Api.
    Quotas* quotas = nullptr;
};

/// Answers one request once, now or later, on any thread.
using Respond = std::function<void(Response)>;

/// A write under way: `start` is called once and answers through `respond` when the store has made it durable.
struct Pending {
    std::function<void(Respond respond)> start;
};

/// A long-poll (PROTOCOL §5.7): waits until there is something to say.
class LongPoll {
public:
    virtual ~LongPoll() = default;
    /// The response, if it can be given now.
    [[nodiscard]] virtual std::optional<Response> poll() = 0;
    /// Calls `changed` once (on any thread, or at once) when `poll` is worth another try.
    [[nodiscard]] virtual Watch watch(std::function<void()> changed) = 0;
    /// The 204 for `timeout` passing, or for the server shutting down.
    [[nodiscard]] virtual Response expire() = 0;
    [[nodiscard]] virtual std::chrono::milliseconds timeout() const = 0;
};

/// An SSE session (PROTOCOL §5.8): a head, then events for as long as it lasts.
class EventStream {
public:
    virtual ~EventStream() = default;
    /// Status 200 and headers, without body.
    [[nodiscard]] virtual Response head() = 0;
    struct Step {
        std::string bytes;      ///< to send now; empty: nothing new
        bool finished = false;  ///< close the connection after sending
    };
    /// The next events, bounded in size; empty and unfinished means: wait.
    [[nodiscard]] virtual Step next() = 0;
    [[nodiscard]] virtual Watch watch(std::function<void()> changed) = 0;
    [[nodiscard]] virtual std::chrono::milliseconds lifetime() const = 0;
};

class Later;
using Reply =
    std::variant<Response, Pending, std::unique_ptr<LongPoll>, std::unique_ptr<EventStream>, std::unique_ptr<Later>>;

/// A reply that has to be read from disk first.
class Later {
public:
    virtual ~Later() = default;
    /// Once. Calls `done` once, on any thread or at once, when the reply is there. The object may go before that.
    virtual void start(std::function<void()> done) = 0;
    /// The reply, once, after `done`.
    [[nodiscard]] virtual Reply take() = 0;
};

/// What answers below the prefix `__ds/` (PROTOCOL §6). `path` is what follows that, decoded. Any thread.
class ReservedApi {
public:
    virtual ~ReservedApi() = default;
    /// The methods of a path, as a header value; empty when there is nothing at it. Lives as long as the program.
    [[nodiscard]] virtual std::string_view methods(std::string_view path) const = 0;
    /// Whether anybody may ask there: what it shows is public, or it wants a token of its own (PROTOCOL §12.9).
    [[nodiscard]] virtual bool is_open(std::string_view path) const = 0;
    /// What is asked about there, as a path: elsewhere a known sender needs Verb::subscribe on `__ds/` and this.
    [[nodiscard]] virtual std::string_view subject(std::string_view path) const { return path; }
    /// Answers a request with one of these methods, but OPTIONS. Must not wait for anything.
    [[nodiscard]] virtual Reply handle(Request request, std::string_view path) = 0;
};

/// The whole HTTP surface over one store. `handle` may be called from any thread and never waits for the disk: not for
/// a write to be accepted, nor, as far as the file system can tell (see ReadMode), for data to be read. It throws nothing: what breaks becomes a 500 (details to `on_error`).
class Api {
public:
    /// All references must outlive it. Without a `reserved`, what is below `__ds/` is 404.
    Api(StreamStore& store, ApiOptions options, const Clock& clock, ReservedApi* reserved = nullptr);
    ~Api();

    [[nodiscard]] Reply handle(Request request);

    /// Whether a request with this method, target and declared body size would be refused before its body is read
    /// (413, 404 outside the surface, 405): asked before `100 Continue` and before reading.
    [[nodiscard]] std::optional<Response> refuse_early(Method method, std::string_view target,
                                                       std::uint64_t body_bytes) const;

    /// The same, and whether its sender may make this request: see RequestHandler::admit.
    [[nodiscard]] std::optional<Response> admit(const Request& head, std::optional<std::uint64_t> body_bytes) const;

    [[nodiscard]] const ApiOptions& options() const noexcept;

    std::function<void(const std::string&)> on_error;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// RFC 9457 problem document: `type`, `title`, `status`, `detail`, `code`.
[[nodiscard]] Response problem(unsigned status, std::string_view code, std::string_view detail);

}  // namespace foldback::server
