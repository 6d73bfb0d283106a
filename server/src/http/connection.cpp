#include "http/connection.hpp"

#include <boost/asio/post.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <exception>

#include "http/rate.hpp"

namespace foldback::server::http {
namespace {

constexpr std::size_t body_growth_bytes = 64 << 10;

ChunkLimits chunk_limits(const HttpServerOptions& options) {
    return {.body_bytes = options.max_body_bytes, .overhead_bytes = options.max_chunk_overhead_bytes};
}

std::unique_ptr<TlsSession> session_of(const Tls* tls, int descriptor) {
    return tls == nullptr ? nullptr : tls->session_of(descriptor);
}

constexpr Refusal slow_head{.status = 408, .code = "request-timeout", .detail = "The request's head took too long."};
constexpr Refusal slow_body{.status = 408, .code = "request-timeout", .detail = "The request's body came too slowly."};
constexpr Refusal large_body{.status = 413, .code = "body-too-large", .detail = "The body is too large."};
constexpr Refusal no_room{.status = 503, .code = "busy", .detail = "Too many bodies are being received."};

}  // namespace

Connection::Connection(Shard& shard, AcceptedSocket accepted)
    : shard_(shard),
      seat_(accepted.take_seat()),
      peer_(std::make_shared<Peer>(Peer{.network = seat_.peer().bytes, .is_loopback = seat_.peer().loopback})),
      socket_(shard.context().get_executor()),
      wire_(accepted.descriptor(), session_of(shard.common().options.tls.get(), accepted.descriptor())),
      parser_(head_limits(shard.common().options)),
      input_(shard.buffers()) {
    socket_.assign(asio::ip::tcp::v4(), accepted.descriptor());  // v6 makes no difference from here on
    (void)accepted.release();
}

Connection::~Connection() {
    if (call_) call_->abandon();
    let_go_of_body();
}

Task<void> Connection::run() {
    auto fate = Fate::keep;
    try {
        if (wire_.tls() != nullptr) fate = co_await shake_hands();
        while (fate == Fate::keep) {
            fate = co_await read_head();
            if (fate == Fate::keep) fate = co_await serve_request();
            // Begun here, where nothing is left of the request: ten thousand readers wait in it.
            if (fate == Fate::keep && events_stream_) fate = co_await stream_events(std::move(events_stream_));
        }
    } catch (const std::exception& failure) {  // out of memory, say: this client goes, the others stay
        shard_.report(failure.what());
        fate = Fate::reset;
    }
    co_await end(fate);
}

// Waiting

void Connection::wake(Events event) {
    events_ |= event;
    if (!waiter_ || (events_ & awaited_) == 0) return;
    auto waiter = std::move(*waiter_);
    waiter_.reset();
    std::move(waiter)();  // may run to the connection's end: nothing of it may be touched below
}

Task<void> Connection::suspend(Events awaited) {
    awaited_ = awaited;
    auto keep_waiter = [this](auto&& waiter) { waiter_.emplace(std::move(waiter)); };
    UseAwaitable token;
    return asio::async_initiate<UseAwaitable, void()>(std::move(keep_waiter), token);
}

bool Connection::take(Events event) noexcept {
    const bool yes = happened(event);
    forget(event);
    return yes;
}

Task<void> Connection::let_others_run() {
    UseAwaitable token;
    return asio::post(shard_.context().get_executor(), token);
}

void Connection::set_deadline(TimePoint deadline) {
    deadline_ = deadline;
    forget(timed_out);
    shard_.note_deadline(deadline);
}

void Connection::await_readable() {
    if (wire_.has_pending()) events_ |= readable;
    if (std::exchange(awaiting_readable_, true)) return;
    socket_.async_wait(Socket::wait_read, [this](boost::system::error_code) {
        awaiting_readable_ = false;
        wake(readable);
    });
}

void Connection::await_writable() {
    if (std::exchange(awaiting_writable_, true)) return;
    socket_.async_wait(Socket::wait_write, [this](boost::system::error_code) {
        awaiting_writable_ = false;
        wake(writable);
    });
}

// Reading

/// TLS, and whose certificate the client has shown.
Task<Connection::Fate> Connection::shake_hands() {
    set_deadline(SteadyClock::now() + options().handshake_timeout);
    while (true) {
        const auto progress = wire_.tls()->shake_hands();
        if (progress == TlsSession::Handshake::failed) co_return Fate::close;
        if (progress == TlsSession::Handshake::done) break;
        const bool reads = progress == TlsSession::Handshake::wants_to_read;
        if (reads) {
            await_readable();
        } else {
            await_writable();
        }
        const auto awaited = static_cast<Events>((reads ? readable : writable) | timed_out | aborted | draining);
        if (!happened(awaited)) co_await suspend(awaited);
        if (happened(timed_out | aborted | draining)) co_return Fate::reset;
        forget(readable | writable);
    }
    if (auto names = wire_.tls()->peer_names(); !names.empty()) {
        auto peer = *peer_;
        peer.certificate_names = std::move(names);
        peer.certificate_expires = wire_.tls()->peer_expiry();
        peer_ = std::make_shared<Peer>(std::move(peer));
    }
    co_return Fate::keep;
}

Task<Connection::Fate> Connection::read_head() {
    parser_.reset();
    const auto begun = SteadyClock::now();
    auto head_begun = begun;
    bool idle = input_.empty();
    while (true) {
        const auto outcome = parser_.feed(input_.view());
        if (outcome == HeadParser::Outcome::complete) co_return Fate::keep;
        if (outcome == HeadParser::Outcome::refused) co_return co_await refuse(parser_.refusal());

        if (idle && !input_.empty()) head_begun = SteadyClock::now();
        idle = input_.empty();
        if (idle && shard_.is_draining()) co_return Fate::close;
        set_deadline(idle ? begun + options().idle_timeout : head_begun + options().header_timeout);
        await_readable();
        const auto awaited = static_cast<Events>(readable | timed_out | aborted | (idle ? draining : 0));
        if (!happened(awaited)) co_await suspend(awaited);
        if (happened(aborted)) co_return Fate::reset;
        if (take(readable)) {
            streak_ = 0;
            if (input_.receive(wire_, shard_.buffers().buffer_bytes()) == Input::Received::end) {
                co_return Fate::close;
            }
        } else if (take(timed_out)) {
            if (idle) co_return Fate::close;
            co_return co_await refuse(slow_head);
        }
    }
}

std::optional<Response> Connection::admit(Request& request) const {
    if (framing_.content_length > options().max_body_bytes) return to_response(large_body);
    std::optional<std::uint64_t> body_bytes;
    if (framing_.has_body()) body_bytes = framing_.content_length;
    return shard_.common().handler.admit(request, body_bytes);
}

/// A body that is refused is not read: the connection ends with it.
Task<Connection::Fate> Connection::send_refusal(Response response) {
    if (framing_.has_body()) keep_alive_ = false;
    const auto fate = co_await send(std::move(response));
    co_return fate != Fate::reset&& framing_.has_body() ? Fate::linger : fate;
}

/// Counts the bytes of the body received so far. False when all bodies together are too much.
bool Connection::hold_body(std::uint64_t bytes) noexcept {
    auto& total = shard_.common().bodies_in_flight;
    const auto more = bytes - held_body_bytes_;
    held_body_bytes_ = bytes;
    return total.fetch_add(more, std::memory_order_relaxed) + more <= options().max_bodies_in_flight_bytes;
}

void Connection::let_go_of_body() noexcept {
    if (held_body_bytes_ == 0) return;
    shard_.common().bodies_in_flight.fetch_sub(std::exchange(held_body_bytes_, 0), std::memory_order_relaxed);
}

Task<Connection::Fate> Connection::read_body(Request& request) {
    if (!framing_.chunked && input_.size() >= framing_.content_length) {  // the usual case: it came with the head
        const auto size = static_cast<std::size_t>(framing_.content_length);
        request.body.assign(input_.view().substr(0, size));
        input_.consume(size);
        co_return Fate::keep;
    }
    if (framing_.expects_continue && input_.empty()) {
        output_.begin().append("HTTP/1.1 100 Continue\r\n\r\n");
        if (const auto fate = co_await flush(); fate != Fate::keep) co_return fate;
    }
    if (framing_.chunked) co_return co_await read_chunked_body(request.body);
    co_return co_await read_sized_body(request.body);
}

Task<Connection::Fate> Connection::read_sized_body(std::string& body) {
    const auto begun = SteadyClock::now();
    const auto size = static_cast<std::size_t>(framing_.content_length);
    std::size_t received = std::min(input_.size(), size);
    body.assign(input_.view().substr(0, received));
    input_.consume(received);
    while (received < size) {
        // Memory follows what has come, not what was promised.
        if (body.size() == received) {
            body.resize(received + std::min(size - received, std::max(received, body_growth_bytes)));
        }
        if (!hold_body(body.size())) co_return co_await refuse(no_room);
        const auto got = wire_.receive(body.data() + received, body.size() - received);
        if (!got) co_return Fate::close;
        received += *got;
        if (*got == 0) {
            if (const auto fate = co_await await_body_bytes(begun, received); fate != Fate::keep) co_return fate;
        }
    }
    co_return Fate::keep;
}

Task<Connection::Fate> Connection::read_chunked_body(std::string& body) {
    const auto begun = SteadyClock::now();
    ChunkDecoder decoder(chunk_limits(options()));
    std::uint64_t received = 0;
    while (true) {
        auto left = input_.view();
        const auto outcome = decoder.feed(left, body);
        received += input_.size() - left.size();
        input_.consume(input_.size() - left.size());
        if (outcome == ChunkDecoder::Outcome::complete) co_return Fate::keep;
        if (outcome == ChunkDecoder::Outcome::refused) co_return co_await refuse(decoder.refusal());
        if (!hold_body(body.capacity())) co_return co_await refuse(no_room);
        const auto got = input_.receive(wire_, shard_.buffers().buffer_bytes());
        if (got == Input::Received::end) co_return Fate::close;
        if (got == Input::Received::nothing) {
            if (const auto fate = co_await await_body_bytes(begun, received); fate != Fate::keep) co_return fate;
        }
    }
}

Task<Connection::Fate> Connection::await_body_bytes(TimePoint begun, std::uint64_t received) {
    set_deadline(begun + options().body_grace + time_for(received, options().min_body_bytes_per_second));
    await_readable();
    constexpr Events awaited = readable | timed_out | aborted;
    if (!happened(awaited)) co_await suspend(awaited);
    if (happened(aborted)) co_return Fate::reset;
    if (take(readable)) co_return Fate::keep;
    co_return co_await refuse(slow_body);
}

// Ending

bool Connection::peer_is_gone() const noexcept {
    pollfd state{.fd = const_cast<Socket&>(socket_).native_handle(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, 0) > 0 && (state.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

Task<void> Connection::end(Fate fate) {
    // Closing with unread input would reset the connection and take our last answer with it.
    if (fate == Fate::linger || (fate == Fate::close && !input_.empty())) co_await linger();
    boost::system::error_code ignored;
    if (fate == Fate::reset) {
        socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    } else {
        wire_.say_goodbye();
    }
    socket_.close(ignored);
    while (awaiting_readable_ || awaiting_writable_) {
        forget(readable | writable);
        co_await suspend(readable | writable);
    }
}

Task<void> Connection::linger() {
    wire_.say_goodbye();
    ::shutdown(descriptor(), SHUT_WR);
    input_.consume(input_.size());
    set_deadline(SteadyClock::now() + options().linger_timeout);
    while (true) {
        const auto got = input_.receive(wire_, shard_.buffers().buffer_bytes());
        input_.consume(input_.size());
        if (got == Input::Received::end) co_return;
        await_readable();
        constexpr Events awaited = readable | timed_out | aborted;
        if (!happened(awaited)) co_await suspend(awaited);
        if (happened(timed_out | aborted)) co_return;
        forget(readable);
    }
}

}  // namespace foldback::server::http
