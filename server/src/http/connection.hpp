#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/admission.hpp"
#include "http/chunk_decoder.hpp"
#include "http/input.hpp"
#include "http/mailbox.hpp"
#include "http/net.hpp"
#include "http/output.hpp"
#include "http/request_head.hpp"
#include "http/shard.hpp"
#include "http/wire.hpp"

namespace foldback::server::http {

/// One client: reads a request, answers it, reads the next (RFC 9112). A single coroutine on the shard's thread; what
/// it waits for arrives as events. System calls are tried first and waited for only when they would block.
class Connection final : public CallOwner {
public:
    /// Throws when the system cannot watch the socket.
    Connection(Shard& shard, AcceptedSocket accepted);
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// The whole life of the connection; nothing refers to it afterwards. Once only.
    [[nodiscard]] Task<void> run();

    // Each of these may end the connection and destroy it before returning.
    void drain() { wake(draining); }
    void abort() { wake(aborted); }
    [[nodiscard]] TimePoint deadline() const noexcept { return deadline_; }
    void deadline_passed() {
        deadline_ = TimePoint::max();
        wake(timed_out);
    }

private:
    // What can happen to a waiting connection, as bits.
    using Events = std::uint8_t;
    static constexpr Events readable = 1;
    static constexpr Events writable = 2;
    static constexpr Events called = 4;
    static constexpr Events timed_out = 8;
    static constexpr Events draining = 16;  ///< stays set
    static constexpr Events aborted = 32;   ///< stays set

    enum class Fate : std::uint8_t {
        keep,    ///< the next request may come
        close,   ///< all is sent and read
        linger,  ///< the client may still be sending: let it read our answer first
        reset,   ///< unsent data is thrown away
    };
    enum class News : std::uint8_t { called, expired, draining, gone };

    // Waiting.
    void wake(Events event);
    void called_back() noexcept override { wake(called); }
    [[nodiscard]] bool happened(Events events) const noexcept { return (events_ & events) != 0; }
    /// Only when none of the events has happened yet.
    [[nodiscard]] Task<void> suspend(Events awaited);
    void forget(Events events) noexcept { events_ = static_cast<Events>(events_ & ~events); }
    /// Whether an event happened; then it is forgotten.
    [[nodiscard]] bool take(Events event) noexcept;
    [[nodiscard]] Task<void> let_others_run();
    void set_deadline(TimePoint deadline);
    void await_readable();
    void await_writable();

    // Reading.
    [[nodiscard]] Task<Fate> shake_hands();
    [[nodiscard]] Task<Fate> read_head();
    [[nodiscard]] Task<Fate> read_body(Request& request);
    [[nodiscard]] Task<Fate> read_sized_body(std::string& body);
    [[nodiscard]] Task<Fate> read_chunked_body(std::string& body);
    [[nodiscard]] Task<Fate> await_body_bytes(TimePoint begun, std::uint64_t received);
    [[nodiscard]] std::optional<Response> admit(Request& request) const;
    [[nodiscard]] Task<Fate> send_refusal(Response response);
    [[nodiscard]] bool hold_body(std::uint64_t bytes) noexcept;
    void let_go_of_body() noexcept;

    // Answering.
    [[nodiscard]] Task<Fate> serve_request();
    [[nodiscard]] Task<Fate> answer(Reply reply);
    [[nodiscard]] Task<Fate> refuse(Refusal refusal);
    [[nodiscard]] Task<Fate> send(Response response);
    [[nodiscard]] Task<Fate> flush();
    [[nodiscard]] Task<Output::Progress> flush_blocked();
    [[nodiscard]] std::uint64_t acknowledged() noexcept;
    /// False when the connection is cut meanwhile.
    [[nodiscard]] Task<bool> await_call();
    [[nodiscard]] Task<Fate> read_first(std::unique_ptr<Later> later);
    [[nodiscard]] Task<Fate> await_answer(Pending pending);
    [[nodiscard]] Task<Fate> long_poll(std::unique_ptr<LongPoll> poll);
    [[nodiscard]] Task<Fate> stream_events(std::unique_ptr<EventStream> stream);
    [[nodiscard]] Task<News> await_news(TimePoint until);
    [[nodiscard]] ResponseContext response_context();

    // Ending.
    [[nodiscard]] Task<void> end(Fate fate);
    [[nodiscard]] Task<void> linger();
    [[nodiscard]] bool peer_is_gone() const noexcept;

    [[nodiscard]] int descriptor() noexcept { return socket_.native_handle(); }
    [[nodiscard]] const HttpServerOptions& options() const noexcept { return shard_.common().options; }

    using Waiter = asio::async_result<UseAwaitable, void()>::handler_type;

    Shard& shard_;
    Admission::Seat seat_;
    std::shared_ptr<const Peer> peer_;
    Socket socket_;
    Wire wire_;  ///< over the socket
    TimePoint deadline_ = TimePoint::max();
    std::optional<Waiter> waiter_;
    Events awaited_ = 0;
    Events events_ = 0;
    bool awaiting_readable_ = false;
    bool awaiting_writable_ = false;
    bool keep_alive_ = true;  ///< of the request being answered
    std::uint64_t requests_ = 0;
    std::uint64_t held_body_bytes_ = 0;  ///< of `Common::bodies_in_flight`
    unsigned streak_ = 0;                ///< requests served without letting other connections run
    RequestFraming framing_;
    HeadParser parser_;
    Input input_;
    Output output_;
    std::shared_ptr<Call> call_;
    std::unique_ptr<EventStream> events_stream_;  ///< what the request asked for, until its streaming begins
};

}  // namespace foldback::server::http
