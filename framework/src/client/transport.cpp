#include "client/transport.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "client/inflater.hpp"
#include "client/retry.hpp"

namespace foldback::client::detail {
namespace {

constexpr std::size_t source_piece_bytes = 256 << 10;
constexpr std::chrono::milliseconds most_wait_for_consent{1'000};
constexpr std::uint64_t most_reserved_bytes = 16 << 20;

std::string value_of(const Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    const auto& function = std::get<std::function<std::string()>>(value);
    return function ? function() : std::string();
}

bool has_function(const NamedValues& values) {
    return std::ranges::any_of(values, [](const auto& named) { return named.second.index() == 1; });
}

std::string chunk_head(std::size_t size) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string head = "\r\n";
    for (; size > 0; size /= 16) head.insert(head.begin(), digits[size % 16]);
    return head;
}

/// One call's way to its answer.
class Exchange {
public:
    Exchange(std::shared_ptr<Operation> operation, const Request& request)
        : operation_(std::move(operation)), request_(request), runtime_(*request.target.runtime) {}

    /// Sends, again and again, until there is an answer that is none to repeat.
    Task<Result<OpenAnswer>> answer();
    /// Reads the body. The connection goes back to the pool.
    Task<Result<Response>> whole(OpenAnswer opened);

private:
    /// What became of one try.
    struct Try {
        std::optional<OpenAnswer> answer{};
        Error error{};
        bool is_final = true;
    };

    Task<Try> try_once();
    Task<std::string> write_head();
    std::string head_text() const;
    Task<void> send(Connection& connection, const std::string& head);
    Task<void> send_source(Connection& connection, const std::string& head);
    Task<std::size_t> ask_source(Connection& connection, std::string& piece);
    [[noreturn]] static void refuse_source(Connection& connection);
    Task<std::string> read_body(Connection& connection, const ResponseHead& head);
    Task<Try> judge(OpenAnswer answer);
    Try broken(ErrorCode code, const std::string& why);
    void note_unanswered();
    Error ended() const;

    std::shared_ptr<Operation> operation_;
    const Request& request_;
    Runtime& runtime_;
    bool whole_was_sent_ = false;  ///< in the current try
    bool is_refused_early_ = false;
    unsigned unanswered_ = 0;  ///< tries that the server may have carried out
    bool source_was_asked_ = false;
    std::exception_ptr source_failure_;
};

Task<Result<OpenAnswer>> Exchange::answer() {
    const auto& retry = runtime_.options().retry;
    for (int retries = 0;; ++retries) {
        if (operation_->is_over()) co_return ended();
        auto outcome = co_await try_once();
        if (outcome.answer) co_return std::move(*outcome.answer);
        const bool may_go_on = request_.max_retries == unlimited_retries || retries < request_.max_retries;
        if (outcome.is_final || !may_go_on) co_return std::move(outcome.error);
        const auto wait = backoff(retry, retries, draw_chance());
        co_await operation_->sleep(std::max(wait, outcome.error.retry_after.value_or(wait)));
    }
}

Task<Exchange::Try> Exchange::try_once() {
    std::optional<Try> failure;
    whole_was_sent_ = false;
    is_refused_early_ = false;
    try {
        const auto head = co_await write_head();
        auto& pool = runtime_.pool();
        const auto& endpoint = request_.target.url.endpoint;
        auto connection = pool.take_idle(endpoint);
        const bool is_new = !connection;
        if (is_new) connection = pool.make(endpoint);
        const Operation::Waiting waiting(*operation_, [connection] { connection->close(); });
        if (operation_->is_over()) co_return broken(operation_->why(), {});
        if (is_new) co_await connection->connect(pool.tls());
        try {
            co_await send(*connection, head);
            whole_was_sent_ = true;
        } catch (const RefusedEarly&) {
            is_refused_early_ = true;
        }
        OpenAnswer opened;
        opened.head = co_await connection->read_head(request_.method == Method::head);
        opened.connection = connection;
        auto outcome = co_await judge(std::move(opened));
        co_return outcome;
    } catch (const TransportError& error) {
        failure = broken(error.code(), error.what());
    } catch (const std::exception& error) {
        if (source_failure_) std::rethrow_exception(source_failure_);
        failure = broken(ErrorCode::invalid_argument, error.what());
    }
    co_return std::move(*failure);
}

Exchange::Try Exchange::broken(ErrorCode code, const std::string& why) {
    Try outcome;
    if (std::exchange(whole_was_sent_, false)) note_unanswered();
    const bool is_over = operation_->is_over();
    const bool is_unknown = unanswered_ > 0 && !request_.is_repeatable;
    if (is_over) {
        outcome.error = ended();
    } else {
        outcome.error = {.code = is_unknown ? ErrorCode::outcome_unknown : code,
                         .message = std::string(name_of(request_.method)) + " " + request_.target.text + ": " + why,
                         .stream = request_.target.text,
                         .is_retryable = code == ErrorCode::network && !is_unknown};
    }
    outcome.is_final = is_unknown || is_over || source_was_asked_ || code != ErrorCode::network;
    return outcome;
}

void Exchange::note_unanswered() {
    ++unanswered_;
    if (request_.unanswered != nullptr) ++*request_.unanswered;
}

Error Exchange::ended() const {
    auto error = over(*operation_, request_.target);
    const bool changes_nothing = request_.method == Method::get || request_.method == Method::head;
    if (unanswered_ > 0 && !changes_nothing) {
        error.code = ErrorCode::outcome_unknown;
        error.is_retryable = false;
    }
    return error;
}

Task<Exchange::Try> Exchange::judge(OpenAnswer opened) {
    Try outcome;
    const auto status = opened.head.status;
    if (status / 100 == 2 || status == 304) {
        outcome.answer = std::move(opened);
        co_return outcome;
    }
    std::string body;
    try {
        body = co_await read_body(*opened.connection, opened.head);
    } catch (const TransportError&) {
        // Who closes on what was not read may cut off the rest of the answer. Its status says enough.
        if (!is_refused_early_ || operation_->is_over()) throw;
    }
    runtime_.pool().give_back(std::move(opened.connection));
    outcome.error = error_of(request_, opened.head, std::move(body));
    // The answer of a gateway: the server behind it may have done it.
    if (status == 502 || status == 504) note_unanswered();
    whole_was_sent_ = false;
    const bool was_not_done = status == 429 || status == 500 || status == 503;
    outcome.is_final = source_was_asked_ || !(was_not_done || (request_.is_repeatable && outcome.error.is_retryable));
    co_return outcome;
}

Task<std::string> Exchange::write_head() {
    const auto& client = runtime_.options();
    const auto& stream = request_.target.options;
    const bool asks = has_function(client.headers) || has_function(client.parameters) || has_function(stream.headers) ||
                      has_function(stream.parameters) || (request_.values != nullptr && has_function(*request_.values));
    if (!asks) co_return head_text();
    std::string head;
    std::function<void()> work = [this, &head] { head = head_text(); };
    co_await runtime_.work_aside(std::move(work));
    co_return head;
}

std::string Exchange::head_text() const {
    const auto& url = request_.target.url;
    auto query = url.query;
    if (!request_.query.empty()) query.append(query.empty() ? "" : "&").append(request_.query);
    const auto& own = request_.target.options.parameters;
    for (const auto& [name, value] : runtime_.options().parameters) {
        if (std::ranges::find(own, name, &NamedValues::value_type::first) == own.end())
            add_parameter(query, name, value_of(value));
    }
    for (const auto& [name, value] : own) add_parameter(query, name, value_of(value));
    std::string head(name_of(request_.method));
    head.append(" ").append(url.path);
    if (!query.empty()) head.append("?").append(query);
    head.append(" HTTP/1.1\r\nhost: ").append(url.endpoint.authority()).append("\r\n");

    Headers headers = request_.headers;
    const auto is_set = [&headers](std::string_view name) {
        return std::ranges::any_of(headers, [&](const auto& header) { return is_same_name(header.first, name); });
    };
    for (const auto* values : {request_.values, &request_.target.options.headers, &runtime_.options().headers}) {
        if (values == nullptr) continue;
        for (const auto& [name, value] : *values) {
            if (!is_set(name)) headers.emplace_back(name, value_of(value));
        }
    }
    if (!is_set("user-agent")) headers.emplace_back("user-agent", runtime_.options().user_agent);
    if (!is_set("accept-encoding") && runtime_.options().accepts_compression)
        headers.emplace_back("accept-encoding", "gzip, deflate");
    for (const auto& [name, value] : headers) {
        if (auto problem = problem_with_header(name, value); !problem.empty()) throw std::invalid_argument(problem);
        head.append(name).append(": ").append(value).append("\r\n");
    }
    if (request_.source && request_.source_bytes) {
        head.append("content-length: ").append(std::to_string(*request_.source_bytes)).append("\r\n");
    } else if (request_.source) {
        head.append("transfer-encoding: chunked\r\n");
    } else if (request_.method == Method::post || request_.method == Method::put) {
        head.append("content-length: ").append(std::to_string(request_.body.size())).append("\r\n");
    }
    if (request_.asks_first) head.append("expect: 100-continue\r\n");
    head.append("\r\n");
    return head;
}

Task<void> Exchange::send(Connection& connection, const std::string& head) {
    if (request_.source || request_.body.size() > source_piece_bytes)
        connection.listen(request_.method == Method::head);
    if (request_.source) {
        co_await send_source(connection, head);
    } else {
        co_await connection.write(head, request_.body);
    }
}

Task<void> Exchange::send_source(Connection& connection, const std::string& head) {
    constexpr std::string_view nothing;
    co_await connection.write(head, nothing);
    if (request_.asks_first)
        co_await connection.await_consent(std::min(most_wait_for_consent, runtime_.options().response_timeout / 2));
    std::string piece(source_piece_bytes, '\0');
    std::uint64_t sent = 0;
    while (const auto size = co_await ask_source(connection, piece)) {
        sent += size;
        if (request_.source_bytes && sent > *request_.source_bytes) refuse_source(connection);
        if (!request_.source_bytes) {
            const auto frame = chunk_head(size);
            co_await connection.write(frame, nothing);
        }
        co_await connection.write(std::string_view(piece).substr(0, size), request_.source_bytes ? nothing : "\r\n");
    }
    if (request_.source_bytes.value_or(sent) != sent) refuse_source(connection);
    whole_was_sent_ = true;
    if (!request_.source_bytes) co_await connection.write("0\r\n\r\n", nothing);
}

/// Asks for the next piece; 0 at the end.
Task<std::size_t> Exchange::ask_source(Connection& connection, std::string& piece) {
    std::size_t size = 0;
    std::function<void()> ask = [this, &piece, &size] { size = request_.source(std::span(piece)); };
    source_was_asked_ = true;
    try {
        co_await runtime_.work_aside(std::move(ask));
    } catch (...) {
        source_failure_ = std::current_exception();
    }
    if (source_failure_) {
        connection.close();
        std::rethrow_exception(source_failure_);
    }
    if (size > piece.size()) refuse_source(connection);
    co_return size;
}

void Exchange::refuse_source(Connection& connection) {
    connection.close();
    throw TransportError(ErrorCode::invalid_argument, "the source gave another number of bytes than it should");
}

Task<std::string> Exchange::read_body(Connection& connection, const ResponseHead& head) {
    const auto most = runtime_.options().max_body_bytes;
    const auto encoding = head.header("content-encoding");
    std::optional<Inflater> inflater;
    if (is_same_name(encoding, "gzip") || is_same_name(encoding, "deflate")) {
        inflater.emplace();
    } else if (!encoding.empty() && !is_same_name(encoding, "identity")) {
        throw TransportError(ErrorCode::malformed_response,
                             "the content encoding '" + std::string(encoding) + "' is unknown");
    }
    std::string body;
    std::string packed;
    bool is_packed = false;
    if (!inflater) body.reserve(std::min<std::uint64_t>({connection.announced_bytes(), most, most_reserved_bytes}));
    while (co_await connection.read_more(inflater ? packed : body)) {
        if (body.size() > most)
            throw TransportError(ErrorCode::response_too_large, "the answer is larger than max_body_bytes");
        if (!inflater) continue;
        is_packed = true;
        if (!inflater->add(packed, body, most))
            throw TransportError(ErrorCode::malformed_response,
                                 "the packed answer is damaged or larger than max_body_bytes");
        packed.clear();
    }
    if (is_packed && !inflater->is_done()) throw TransportError(ErrorCode::network, "the packed answer was cut off");
    co_return body;
}

Task<Result<Response>> Exchange::whole(OpenAnswer opened) {
    std::optional<Try> failure;
    try {
        const Operation::Waiting waiting(*operation_, [connection = opened.connection] { connection->close(); });
        if (operation_->is_over()) co_return ended();
        Response response;
        response.unanswered = unanswered_;
        static_cast<ResponseHead&>(response) = std::move(opened.head);
        response.body = co_await read_body(*opened.connection, response);
        runtime_.pool().give_back(std::move(opened.connection));
        co_return response;
    } catch (const TransportError& error) {
        failure = broken(error.code(), error.what());
    }
    co_return std::move(failure->error);
}

}  // namespace

Task<Result<Response>> exchange(std::shared_ptr<Operation> operation, const Request& request) {
    Exchange exchange(operation, request);
    const auto& retry = request.target.runtime->options().retry;
    for (int retries = 0;; ++retries) {
        auto opened = co_await exchange.answer();
        if (!opened) co_return std::move(opened).error();
        auto response = co_await exchange.whole(std::move(*opened));
        // A body that was cut off is read again by those for whom that is no difference.
        const bool may_go_on = request.max_retries == unlimited_retries || retries < request.max_retries;
        if (response || !request.is_repeatable || response.error().code != ErrorCode::network || !may_go_on)
            co_return response;
        co_await operation->sleep(backoff(retry, retries, draw_chance()));
    }
}

Task<Result<OpenAnswer>> open(std::shared_ptr<Operation> operation, const Request& request) {
    Exchange exchange(std::move(operation), request);
    co_return co_await exchange.answer();
}

}  // namespace foldback::client::detail
