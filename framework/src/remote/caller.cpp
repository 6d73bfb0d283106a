#include "remote/caller.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "client/retry.hpp"
#include "client/target.hpp"
#include "client/transport.hpp"

namespace foldback::remote {
namespace {

using client::ErrorCode;
using client::detail::Operation;
using client::detail::Timer;

constexpr client::RetryOptions pauses{
    .initial_delay = std::chrono::milliseconds(20), .max_delay = std::chrono::milliseconds(1'000), .multiplier = 1.6};

client::ClientOptions without_retries(client::ClientOptions options) {
    options.retry.max_retries = 0;
    if (options.user_agent.empty()) options.user_agent = "foldback-store/" FOLDBACK_VERSION;
    return options;
}

/// Whether the same request may be answered otherwise soon, and was not carried out.
bool is_worth_another_try(const client::Error& error) {
    switch (error.code) {
        case ErrorCode::network: return true;
        // A stream that has too many producers has them for good, and does not say when to come back.
        case ErrorCode::rate_limited: return error.retry_after.has_value();
        case ErrorCode::server_error: return error.status == 500 || error.status == 503;
        default: return false;
    }
}

/// A path below another.
client::detail::Url join(client::detail::Url url, std::string_view path) {
    while (url.path.ends_with('/')) url.path.pop_back();
    url.path.append(path);
    return url;
}

}  // namespace

/// One of the connections that may be in use at the same time.
class Caller::Turn {
public:
    explicit Turn(Caller& caller) : caller_(caller) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        if (!is_held_) return;
        --caller_.connections_;
        if (caller_.waiting_.empty()) return;
        caller_.waiting_.front()->cancel();
        caller_.waiting_.pop_front();
    }

    Task<void> take() {
        while (caller_.connections_ >= caller_.max_connections_) {
            auto timer = std::make_shared<Timer>(caller_.runtime_->context().get_executor());
            timer->expires_at(client::detail::TimePoint::max());
            caller_.waiting_.push_back(timer);
            boost::system::error_code ignored;
            auto token = client::detail::asio::redirect_error(client::detail::use_awaitable, ignored);
            co_await timer->async_wait(token);
        }
        ++caller_.connections_;
        is_held_ = true;
    }

private:
    Caller& caller_;
    bool is_held_ = false;
};

Caller::Caller(std::string_view url, const HttpStoreOptions& options)
    : url_(client::detail::parse_url(url)),
      patience_(options.patience),
      max_connections_(std::max<std::size_t>(1, options.max_connections)),
      runtime_(std::make_shared<client::detail::Runtime>(without_retries(options.client))) {}

Caller::~Caller() { stop(); }

Task<Answer> Caller::send(const Call& call) {
    std::stop_source either;
    const auto end = [&either] { either.request_stop(); };
    const std::stop_callback on_stop(stop_.get_token(), end);
    const std::stop_callback on_end(call.stop, end);
    const client::CallOptions limits{.stop = either.get_token(),
                                     .deadline = call.waits ? client::Deadline::max() : client::within(patience_)};
    const auto operation = Operation::create(runtime_->context(), limits);
    Turn turn(*this);
    if (!call.waits) co_await turn.take();
    co_return co_await try_to_send(call, operation);
}

Task<Answer> Caller::try_to_send(const Call& call, const std::shared_ptr<Operation>& operation) {
    const client::detail::Target target(runtime_, join(url_, call.path), {});
    bool lost_one = false;
    for (int tries = 0;; ++tries) {
        const client::detail::Request request{
            .target = target, .method = call.method, .query = call.query, .headers = call.headers, .body = call.body};
        auto response = co_await client::detail::exchange(operation, request);
        if (response) co_return Answer{std::move(response), lost_one};
        const auto& error = response.error();
        const bool is_lost = error.code == ErrorCode::outcome_unknown;
        lost_one = lost_one || is_lost;
        const bool goes_on = is_lost ? call.is_repeatable : is_worth_another_try(error);
        if (!goes_on || operation->is_over()) co_return Answer{std::move(response), lost_one};
        const auto pause = client::detail::backoff(pauses, tries, client::detail::draw_chance());
        co_await operation->sleep(std::max(pause, error.retry_after.value_or(pause)));
        if (operation->is_over()) co_return Answer{std::move(response), lost_one};
    }
}

Task<void> Caller::sleep(std::chrono::milliseconds time) {
    const client::CallOptions limits{.stop = stop_.get_token()};
    const auto operation = Operation::create(runtime_->context(), limits);
    co_await operation->sleep(time);
}

Answer Caller::wait_for(const Call& call) { return runtime_->wait_for<Answer>(send(call)); }

bool Caller::start(std::function<Task<void>()> work) {
    {
        const std::lock_guard lock(mutex_);
        if (is_stopped()) return false;
        ++running_;
    }
    client::detail::asio::co_spawn(runtime_->context(), std::move(work), [this](const std::exception_ptr& error) {
        const std::lock_guard lock(mutex_);
        if (--running_ == 0) ended_.notify_all();
        static_cast<void>(error);  // what is started handles its own failures
    });
    return true;
}

void Caller::stop() {
    std::unique_lock lock(mutex_);
    stop_.request_stop();
    ended_.wait(lock, [this] { return running_ == 0; });
}

std::string Caller::url_of(std::string_view path) const { return join(url_, path).text(); }

}  // namespace foldback::remote
