#include "http/connection.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "http/rate.hpp"
#include "http/response_head.hpp"

/// How a connection answers: whole, later, when there is news, or event by event.
namespace foldback::server::http {
namespace {

constexpr unsigned max_streak = 32;
constexpr std::chrono::milliseconds peer_check_interval{1'000};
constexpr Refusal bad_answer{.status = 500, .code = "internal", .detail = "The answer could not be sent."};

void append_chunk_size(std::string& out, std::size_t size) {
    std::array<char, 16> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), size, 16);
    out.append(digits.data(), end).append("\r\n");
}

}  // namespace

Task<Connection::Fate> Connection::serve_request() {
    framing_ = parser_.framing();
    ++requests_;
    keep_alive_ = framing_.keep_alive && requests_ < options().max_requests_per_connection && !shard_.is_draining();
    auto request = parser_.request(input_.view());
    input_.consume(parser_.size());
    request.peer = peer_;
    request.request_id = shard_.next_request_id();
    auto fate = Fate::keep;
    if (auto refused = admit(request)) {
        fate = co_await send_refusal(std::move(*refused));
    } else {
        if (framing_.has_body()) fate = co_await read_body(request);
        if (fate != Fate::keep) co_return fate;
        auto reply = shard_.common().handler.handle(std::move(request));
        fate = co_await answer(std::move(reply));
    }
    if (fate == Fate::keep && ++streak_ >= max_streak) {
        streak_ = 0;
        co_await let_others_run();
    }
    co_return fate;
}

Task<Connection::Fate> Connection::answer(Reply reply) {
    if (auto* response = std::get_if<Response>(&reply)) co_return co_await send(std::move(*response));
    if (auto* pending = std::get_if<Pending>(&reply)) co_return co_await await_answer(std::move(*pending));
    if (auto* later = std::get_if<std::unique_ptr<Later>>(&reply)) co_return co_await read_first(std::move(*later));
    if (auto* poll = std::get_if<std::unique_ptr<LongPoll>>(&reply)) co_return co_await long_poll(std::move(*poll));
    events_stream_ = std::move(std::get<std::unique_ptr<EventStream>>(reply));
    co_return Fate::keep;
}

ResponseContext Connection::response_context() {
    return {.to_head = framing_.method == Method::head,
            .to_http_1_0 = framing_.http_1_0,
            .keep_alive = keep_alive_,
            .date = shard_.date()};
}

Task<Connection::Fate> Connection::send(Response response) {
    let_go_of_body();  // whoever answers is done with it
    if (shard_.is_draining()) keep_alive_ = false;
    const auto context = response_context();
    auto& head = output_.begin();
    auto end = body_end(response, context.to_head);
    if (!append_head(head, response, end, context)) {
        response = to_response(bad_answer);
        end = body_end(response, context.to_head);
        (void)append_head(head, response, end, context);
    }
    if (end == BodyEnd::length) {
        output_.body(std::move(response.text));
        output_.pieces(std::move(response.pieces));
    }
    const auto fate = co_await flush();
    co_return fate == Fate::keep && !keep_alive_ ? Fate::close : fate;
}

/// Refuses a request whose end is not known: the connection ends with it.
Task<Connection::Fate> Connection::refuse(Refusal refusal) {
    keep_alive_ = false;
    framing_.method = Method::other;  // it may not have been read; the answer carries its explanation
    auto response = to_response(refusal);
    const auto fate = co_await send(std::move(response));
    co_return fate == Fate::reset ? fate : Fate::linger;
}

Task<Connection::Fate> Connection::flush() {
    auto progress = output_.send(wire_);
    if (progress == Output::Progress::blocked) progress = co_await flush_blocked();
    output_.clear();
    co_return progress == Output::Progress::done ? Fate::keep : Fate::reset;
}

/// How much of the output has reached the client's machine. The kernel reports room only when much of its buffer is
/// free: room alone would let a slow reader look like none.
std::uint64_t Connection::acknowledged() noexcept {
    int waiting = 0;
    if (::ioctl(descriptor(), SIOCOUTQ, &waiting) != 0) return output_.sent();
    return output_.sent() - std::min<std::uint64_t>(output_.sent(), static_cast<std::uint64_t>(waiting));
}

Task<Output::Progress> Connection::flush_blocked() {
    const auto begun = SteadyClock::now();
    auto progressed = begun;
    auto taken = acknowledged();
    while (true) {
        const auto allowed = begun + time_for(taken, options().min_write_bytes_per_second);
        const auto until = options().write_timeout + std::min(progressed, allowed);
        if (SteadyClock::now() >= until) co_return Output::Progress::failed;
        set_deadline(until);
        await_writable();
        constexpr Events awaited = writable | timed_out | aborted;
        if (!happened(awaited)) co_await suspend(awaited);
        if (happened(aborted)) co_return Output::Progress::failed;
        if (take(writable)) {
            const auto progress = output_.send(wire_);
            if (progress != Output::Progress::blocked) co_return progress;
        }
        if (const auto now_taken = acknowledged(); now_taken > taken) {
            taken = now_taken;
            progressed = SteadyClock::now();
        }
    }
}

Task<bool> Connection::await_call() {
    deadline_ = TimePoint::max();
    while (call_->await()) {
        constexpr Events awaited = called | aborted;
        if (!happened(awaited)) co_await suspend(awaited);
        if (happened(aborted)) co_return false;
        forget(called);
    }
    co_return true;
}

Task<Connection::Fate> Connection::read_first(std::unique_ptr<Later> later) {
    call_ = std::make_shared<Call>(shard_.mailbox(), *this);
    later->start(call_->ring());
    if (!co_await await_call()) co_return Fate::reset;
    call_->abandon();
    call_.reset();
    auto reply = later->take();
    co_return co_await answer(std::move(reply));
}

Task<Connection::Fate> Connection::await_answer(Pending pending) {
    call_ = std::make_shared<Call>(shard_.mailbox(), *this);
    pending.start(call_->respond());
    if (!co_await await_call()) co_return Fate::reset;
    auto response = call_->take();
    call_->abandon();
    call_.reset();
    co_return co_await send(std::move(response));
}

Task<Connection::Fate> Connection::long_poll(std::unique_ptr<LongPoll> poll) {
    const auto until = SteadyClock::now() + poll->timeout();
    call_ = std::make_shared<Call>(shard_.mailbox(), *this);
    std::optional<Response> response;
    while (!(response = poll->poll())) {
        call_->rearm();
        const auto watch = poll->watch(call_->ring());
        const auto news = co_await await_news(until);
        if (news == News::gone) co_return Fate::reset;
        if (news != News::called) {
            response = poll->expire();
            break;
        }
    }
    call_->abandon();
    call_.reset();
    co_return co_await send(std::move(*response));
}

Task<Connection::Fate> Connection::stream_events(std::unique_ptr<EventStream> stream) {
    // The kernel's buffer is the larger part of what a slow reader can hold.
    const auto kernel_buffer = static_cast<int>(options().event_send_buffer_bytes);
    ::setsockopt(descriptor(), SOL_SOCKET, SO_SNDBUF, &kernel_buffer, sizeof kernel_buffer);

    const bool chunked = !framing_.http_1_0;
    const auto until = SteadyClock::now() + stream->lifetime();
    keep_alive_ = false;
    call_ = std::make_shared<Call>(shard_.mailbox(), *this);
    auto* text = &output_.begin();
    if (!append_head(*text, stream->head(), chunked ? BodyEnd::chunked : BodyEnd::close, response_context())) {
        co_return co_await refuse(bad_answer);
    }
    bool last = false;
    while (true) {
        last = last || shard_.is_draining() || SteadyClock::now() >= until;
        auto step = stream->next();
        last = last || step.finished;
        const bool empty = step.bytes.empty();
        if (chunked && !empty) append_chunk_size(*text, step.bytes.size());
        output_.body(std::move(step.bytes));
        if (chunked) output_.ending(empty ? (last ? "0\r\n\r\n" : "") : (last ? "\r\n0\r\n\r\n" : "\r\n"));
        if (const auto fate = co_await flush(); fate != Fate::keep) co_return fate;
        if (last) co_return Fate::close;
        if (empty) {
            output_.release();
            call_->rearm();
            const auto watch = stream->watch(call_->ring());
            const auto news = co_await await_news(until);
            if (news == News::gone) co_return Fate::reset;
        } else {
            co_await let_others_run();
        }
        text = &output_.begin();
    }
}

/// Waits for the call, and meanwhile notices when the client goes.
Task<Connection::News> Connection::await_news(TimePoint until) {
    while (call_->await()) {
        const bool has_room = input_.size() < options().max_pipelined_bytes;
        if (has_room) await_readable();
        // With no room to read, a client that went is noticed by asking from time to time.
        set_deadline(has_room ? until : std::min(until, SteadyClock::now() + peer_check_interval));
        constexpr Events awaited = called | readable | timed_out | draining | aborted;
        if (!happened(awaited)) co_await suspend(awaited);
        if (happened(aborted)) co_return News::gone;
        if (take(called)) continue;
        if (happened(draining)) co_return News::draining;
        if (take(readable)) {
            if (input_.receive(wire_, options().max_pipelined_bytes) == Input::Received::end) {
                co_return News::gone;
            }
        } else if (take(timed_out)) {
            if (SteadyClock::now() >= until) co_return News::expired;
            if (peer_is_gone()) co_return News::gone;
        }
    }
    co_return News::called;
}

}  // namespace foldback::server::http
