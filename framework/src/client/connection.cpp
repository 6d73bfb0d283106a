#include "client/connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace foldback::client::detail {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t piece_bytes = 64 << 10;
constexpr std::size_t smallest_chunk_bytes = 5;  // 0, CR LF, CR LF
constexpr std::size_t plain_piece_bytes = 128 << 10;
constexpr unsigned continue_status = 100;
constexpr unsigned first_error_status = 300;  ///< or one that sends elsewhere

/// Hands a body over piece by piece: whoever reads takes the string away.
struct PieceBody {
    using value_type = std::string;

    class reader {
    public:
        template <bool is_request, class Fields>
        reader(http::header<is_request, Fields>& /*head*/, value_type& piece) : piece_(piece) {}

        template <class Length>
        void init(const Length& /*length*/, error_code& error) {
            error = {};
        }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, error_code& error) {
            error = {};
            std::size_t size = 0;
            for (auto at = asio::buffer_sequence_begin(buffers); at != asio::buffer_sequence_end(buffers); ++at) {
                const asio::const_buffer buffer = *at;
                piece_.append(static_cast<const char*>(buffer.data()), buffer.size());
                size += buffer.size();
            }
            return size;
        }
        void finish(error_code& error) { error = {}; }

    private:
        value_type& piece_;
    };
};

}  // namespace

/// The answer that is being read.
class Connection::Answer {
public:
    Answer(bool is_head, std::size_t max_header_bytes) {
        parser.header_limit(static_cast<std::uint32_t>(max_header_bytes));
        parser.body_limit(boost::none);
        parser.eager(true);
        parser.skip(is_head);
    }

    http::response_parser<PieceBody> parser;
    bool has_left_some = false;  ///< the parser knows what is buffered, and can do nothing with it yet
};

/// What comes of waiting for an answer while its request is sent.
class Connection::Listening {
public:
    explicit Listening(asio::io_context& context) : news(context.get_executor(), TimePoint::max()) {}

    Timer news;                ///< cancelled when there are some
    bool has_consent = false;  ///< the server wants the request's body
    bool has_ended = false;
    std::exception_ptr failure;
    ResponseHead head;
};

/// What comes of asking for the addresses. The system cannot be told to stop, so it outlives who waits for it.
class Connection::Lookup {
public:
    explicit Lookup(asio::io_context& context) : news(context.get_executor(), TimePoint::max()) {}

    Timer news;  ///< cancelled when there are some
    bool has_ended = false;
    error_code error;
    asio::ip::tcp::resolver::results_type addresses;
};

Connection::Connection(asio::io_context& context, const ClientOptions& options, Endpoint endpoint)
    : context_(context),
      options_(options),
      endpoint_(std::move(endpoint)),
      socket_(context.get_executor()),
      resolver_(context.get_executor()),
      timer_(context.get_executor()) {}

Connection::~Connection() = default;

Task<void> Connection::connect(asio::ssl::context& tls) {
    error_code error;
    limit(SteadyClock::now() + options_.connect_timeout);
    co_await look_up();
    const auto found = std::exchange(lookup_, nullptr);
    co_await asio::async_connect(socket_, found->addresses, asio::redirect_error(use_awaitable, error));
    if (error || closed_) fail(error, "connect to");
    socket_.set_option(asio::ip::tcp::no_delay(true), error);
    if (!endpoint_.tls) co_return;

    tls_.emplace(socket_, tls);
    SSL_set_tlsext_host_name(tls_->native_handle(), endpoint_.host.c_str());
    tls_->set_verify_mode(asio::ssl::verify_peer);
    tls_->set_verify_callback(asio::ssl::host_name_verification(endpoint_.host));
    co_await tls_->async_handshake(asio::ssl::stream_base::client, asio::redirect_error(use_awaitable, error));
    if (error || closed_) fail(error, "speak TLS with");
}

Task<void> Connection::look_up() {
    lookup_ = std::make_shared<Lookup>(context_);
    resolver_.async_resolve(endpoint_.host, endpoint_.port,
                            [lookup = lookup_](const error_code& error, auto addresses) {
                                lookup->has_ended = true;
                                lookup->error = error;
                                lookup->addresses = std::move(addresses);
                                lookup->news.cancel();
                            });
    error_code ignored;
    while (!lookup_->has_ended && !closed_)
        co_await lookup_->news.async_wait(asio::redirect_error(use_awaitable, ignored));
    if (lookup_->error || closed_) fail(lookup_->error, "find");
}

void Connection::listen(bool is_head) {
    listening_ = std::make_shared<Listening>(context_);
    auto heard = [self = shared_from_this(), listening = listening_](std::exception_ptr failure, ResponseHead head) {
        listening->has_ended = true;
        listening->failure = std::move(failure);
        listening->head = std::move(head);
        listening->news.cancel();
        if (self->closed_) return;
        self->limit(SteadyClock::now() + self->options_.response_timeout);
        error_code ignored;
        // Unlike `cancel`, this also ends a write that is between two of its parts.
        if (self->is_sending_useless()) self->socket_.shutdown(Socket::shutdown_send, ignored);
    };
    asio::co_spawn(context_, receive_head(is_head), std::move(heard));
}

bool Connection::is_sending_useless() const noexcept {
    if (!listening_ || !listening_->has_ended) return false;
    return listening_->failure || listening_->head.status >= first_error_status;
}

Task<void> Connection::hear_out() {
    limit(SteadyClock::now() + options_.response_timeout);
    error_code ignored;
    while (!listening_->has_ended) co_await listening_->news.async_wait(asio::redirect_error(use_awaitable, ignored));
    limit_ = TimePoint::max();
}

Task<void> Connection::await_consent(std::chrono::milliseconds most) {
    const auto until = SteadyClock::now() + most;
    listening_->news.expires_at(until);
    error_code ignored;
    while (!listening_->has_consent && !listening_->has_ended && SteadyClock::now() < until)
        co_await listening_->news.async_wait(asio::redirect_error(use_awaitable, ignored));
    listening_->news.expires_at(TimePoint::max());
    if (is_sending_useless()) co_await end_sending(asio::error::operation_aborted);
}

Task<void> Connection::write(std::string_view first, std::string_view second) {
    error_code error;
    reusable_ = false;
    limit(SteadyClock::now() + options_.response_timeout);
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(first), asio::buffer(second)};
    if (is_sending_useless()) {
        error = asio::error::operation_aborted;
    } else if (tls_) {
        co_await asio::async_write(*tls_, buffers, asio::redirect_error(use_awaitable, error));
    } else {
        co_await asio::async_write(socket_, buffers, asio::redirect_error(use_awaitable, error));
    }
    // What the system has taken it sends, also when the connection is closed by now: reading the answer tells that.
    if (error) co_await end_sending(error);
}

Task<void> Connection::end_sending(error_code error) {
    is_request_cut_ = true;
    if (!listening_) fail(error, "send to");
    // After a reset the system still hands out what came before it. If nothing did, that is known at once, too.
    co_await hear_out();
    if (listening_->failure) std::rethrow_exception(listening_->failure);
    if (is_sending_useless()) throw RefusedEarly();
    fail(error, "send to");
}

Task<ResponseHead> Connection::read_head(bool is_head) {
    if (!listening_) {
        auto head = co_await receive_head(is_head);
        co_return head;
    }
    co_await hear_out();
    const auto heard = std::exchange(listening_, nullptr);
    if (heard->failure) std::rethrow_exception(heard->failure);
    co_return std::move(heard->head);
}

Task<ResponseHead> Connection::receive_head(bool is_head) {
    ResponseHead head;
    const auto has_head = [](const Answer& answer) { return answer.parser.is_header_done(); };
    // An informational answer (1xx) precedes the real one.
    do {
        if (listening_ && head.status == continue_status) {
            listening_->has_consent = true;
            listening_->news.cancel();
        }
        answer_ = std::make_unique<Answer>(is_head, options_.max_header_bytes);
        co_await read_to(has_head);
        head.status = answer_->parser.get().result_int();
    } while (head.status / 100 == 1);
    for (const auto& field : answer_->parser.get()) {
        const std::string_view name(field.name_string().data(), field.name_string().size());
        head.headers.emplace_back(lower_case(name), std::string(field.value().data(), field.value().size()));
    }
    note_keep_alive(head);
    const auto left = answer_->parser.content_length_remaining();
    is_body_plain_ = left && *left > 0 && buffer_.empty() && !answer_->parser.is_done();
    plain_bytes_ = is_body_plain_ ? *left : 0;
    co_return head;
}

std::uint64_t Connection::announced_bytes() const { return answer_->parser.content_length().value_or(0); }

Task<bool> Connection::read_more(std::string& body) {
    auto& parsed = answer_->parser.get().body();
    if (parsed.empty() && plain_bytes_ > 0) {
        const auto count = co_await read_some(body, std::min<std::uint64_t>(plain_bytes_, plain_piece_bytes));
        if (count == 0) fail(http::error::partial_message, "read from");
        plain_bytes_ -= count;
        co_return true;
    }
    if (parsed.empty() && !is_body_plain_) {
        const auto has_more = [](const Answer& answer) {
            return answer.parser.is_done() || !answer.parser.get().body().empty();
        };
        co_await read_to(has_more);
    }
    if (parsed.empty()) {
        reusable_ = answer_->parser.keep_alive() && buffer_.empty() && !is_request_cut_;
        co_return false;
    }
    body.append(parsed);
    parsed.clear();
    co_return true;
}

Task<void> Connection::read_to(bool (*is_enough)(const Answer&)) {
    while (!is_enough(*answer_)) {
        error_code error;
        // Beast aborts when it is shown the beginning of a last chunk a second time before the chunk is whole.
        const auto least = answer_->has_left_some ? smallest_chunk_bytes : 1;
        if (buffer_.size() >= least) {
            const auto taken = answer_->parser.put(asio::buffer(buffer_), error);
            buffer_.erase(0, taken);
            answer_->has_left_some = !buffer_.empty();
            if (error && error != http::error::need_more) fail(error, "read from");
            if (taken > 0) continue;
        }
        // Beast bounds the head of an answer, but not that of a chunk, nor what may follow the last one.
        if (buffer_.size() > options_.max_header_bytes) fail(http::error::header_limit, "read from");
        if (co_await read_some(buffer_, piece_bytes) > 0) continue;
        error = http::error::end_of_stream;
        if (answer_->parser.got_some()) answer_->parser.put_eof(error);
        if (error || !is_enough(*answer_)) fail(error ? error : error_code(http::error::end_of_stream), "read from");
    }
}

Task<std::size_t> Connection::read_some(std::string& into, std::size_t most) {
    error_code error;
    const auto before = into.size();
    into.resize(before + most);
    limit(SteadyClock::now() + options_.response_timeout);
    const auto space = asio::buffer(into.data() + before, most);
    std::size_t count = 0;
    if (tls_) {
        count = co_await tls_->async_read_some(space, asio::redirect_error(use_awaitable, error));
    } else {
        count = co_await socket_.async_read_some(space, asio::redirect_error(use_awaitable, error));
    }
    into.resize(before + count);
    if (closed_) fail(error, "read from");
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) co_return 0;
    if (error) fail(error, "read from");
    limit_ = TimePoint::max();
    co_return count;
}

void Connection::close() noexcept {
    closed_ = true;
    reusable_ = false;
    error_code ignored;
    resolver_.cancel();
    if (lookup_) lookup_->news.cancel();
    timer_.cancel();
    // Otherwise the system would go on offering what the server does not read.
    if (is_request_cut_) socket_.set_option(Socket::linger(true, 0), ignored);
    socket_.close(ignored);
}

bool Connection::is_reusable() {
    if (closed_ || !reusable_ || SteadyClock::now() >= expires_at_) return false;
    // Bytes that nobody asked for, or the end: the server is done with this connection.
    error_code error;
    char byte = 0;
    socket_.non_blocking(true, error);
    socket_.receive(asio::buffer(&byte, 1), Socket::message_peek, error);
    return error == asio::error::would_block;
}

void Connection::limit(TimePoint time) {
    limit_ = time;
    if (!is_watched_ || time < timer_.expiry()) watch();
}

void Connection::watch() {
    is_watched_ = true;
    timer_.expires_at(limit_);
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
        const auto self = weak.lock();
        if (!self || error) return;  // with an error: it is watched anew, or closed
        self->is_watched_ = false;
        if (self->closed_ || self->limit_ == TimePoint::max()) return;
        if (SteadyClock::now() < self->limit_) {
            self->watch();
        } else {
            self->timed_out_ = true;
            self->close();
        }
    });
}

void Connection::fail(const error_code& error, const char* doing) const {
    const auto where = std::string("cannot ") + doing + " " + endpoint_.authority() + ": ";
    if (timed_out_) throw TransportError(ErrorCode::network, where + "no answer in time");
    if (error == http::error::header_limit)
        throw TransportError(ErrorCode::response_too_large, where + "too long a head");
    const bool is_cut = error == http::error::end_of_stream || error == http::error::partial_message;
    if (!is_cut && error.category() == error_code(http::error::bad_version).category())
        throw TransportError(ErrorCode::malformed_response, where + "not an HTTP answer: " + error.message());
    throw TransportError(ErrorCode::network,
                         where + (is_cut || !error ? "the connection was closed" : error.message()));
}

void Connection::note_keep_alive(const ResponseHead& head) {
    expires_at_ = SteadyClock::now() + options_.idle_timeout;
    const auto hint = head.header("keep-alive");
    const auto at = hint.find("timeout=");
    if (at == std::string_view::npos) return;
    unsigned seconds = 0;
    std::from_chars(hint.data() + at + 8, hint.data() + hint.size(), seconds);
    // A second less than the server says: it counts from when it sent this.
    const auto given = SteadyClock::now() + std::chrono::seconds(seconds > 0 ? seconds - 1 : 0);
    expires_at_ = std::min(expires_at_, given);
}

}  // namespace foldback::client::detail
