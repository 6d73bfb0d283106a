#include "foldback/server/subscriptions.hpp"

#include <pthread.h>

#include <boost/asio/post.hpp>

#include <array>
#include <atomic>
#include <csignal>
#include <future>
#include <random>
#include <thread>

#include "delivery/webhook_sender.hpp"
#include "subscriptions/commands.hpp"
#include "subscriptions/engine.hpp"
#include "subscriptions/journal.hpp"

namespace foldback::server {

using namespace http;
using namespace subscriptions;

namespace {

constexpr std::string_view subscriptions_path = "subscriptions/";
constexpr std::string_view jwks_path = "jwks.json";
/// Requests of all subscriptions that are not answered yet.
constexpr std::size_t max_requests = 10'000;
constexpr std::size_t max_request_bytes = 1 << 20;

Keys keys_of(const SubscriptionOptions& options, const Clock& clock) {
    if (options.key_file.empty()) return Keys::generate();
    return load_keys(options.key_file, options.rotate_signing_key ? Rotation::rotate : Rotation::keep, clock.now());
}

EngineOptions engine_options(const SubscriptionOptions& options) {
    return {.stream_prefix = options.stream_prefix,
            .public_url = options.public_url,
            .max_subscriptions = options.max_subscriptions,
            .max_streams = options.max_streams_per_subscription};
}

LocalWebhooks local_webhooks(const SubscriptionOptions& options) {
    return options.allow_local_webhooks ? LocalWebhooks::allowed : LocalWebhooks::refused;
}

delivery::SenderOptions sender_options(const SubscriptionOptions& options) {
    return {.local = local_webhooks(options),
            .ca_file = options.webhook_ca_file,
            .timeout = options.webhook_timeout,
            .max_under_way = options.max_webhooks,
            .max_per_receiver = options.max_webhooks_per_receiver,
            .max_reply_bytes = options.max_webhook_reply_bytes};
}

/// The thread that the engine lives on, and what it sends.
class Loop final : public Surroundings, public std::enable_shared_from_this<Loop> {
public:
    Loop(const SubscriptionOptions& options, const Keys& keys, const Clock& clock)
        : timer_(context_.get_executor()),
          sender_(context_, sender_options(options),
                  [&keys, &clock](const std::string& body) { return keys.signature_of(body, clock.now()); }),
          on_trouble_(options.on_trouble) {}

    void run(Engine& engine) {
        engine_ = &engine;
        post([this] { engine_->start(); });
        // Signals are the main thread's business.
        sigset_t all;
        sigset_t before;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        thread_ = std::thread([this] { context_.run(); });
        pthread_setname_np(thread_.native_handle(), "foldback-subs");
        pthread_sigmask(SIG_SETMASK, &before, nullptr);
    }

    void stop() {
        if (!thread_.joinable()) return;
        asio::post(context_, [this] {
            engine_->save_cursor();
            sender_.cancel_all();
            context_.stop();
        });
        thread_.join();
    }

    void post(std::function<void()> work) override {
        asio::post(context_, [self = weak_from_this(), work = std::move(work)] {
            if (const auto loop = self.lock()) loop->guarded(work);
        });
    }

    void start(Attempt attempt) override {
        auto done = [this, subscription = attempt.subscription, wake = attempt.wake_id](Outcome outcome) {
            ++outcomes_[static_cast<std::size_t>(outcome.kind)];
            guarded([&] { engine_->attempt_ended(subscription, wake, std::move(outcome)); });
        };
        sender_.send({.name = std::move(attempt.subscription),
                      .url = std::move(attempt.url),
                      .body = std::move(attempt.body),
                      .time = attempt.time,
                      .traceparent = std::move(attempt.traceparent)},
                     std::move(done));
    }

    void cancel(const std::string& subscription) override { sender_.cancel(subscription); }
    double chance() override { return std::uniform_real_distribution<>(0.0, 1.0)(random_); }
    void report(const std::string& what) override {
        if (on_trouble_) on_trouble_(what);
    }

    [[nodiscard]] std::optional<Offset> needed_from(const StreamInfo& info) {
        const auto found = ask<std::optional<Offset>>([this, info] { return engine_->needed_from(info); });
        return found ? *found : info.first;
    }

    [[nodiscard]] SubscriptionStats stats() {
        const auto sent = [this](Outcome::Kind kind) { return outcomes_[static_cast<std::size_t>(kind)].load(); };
        SubscriptionStats stats{.done = sent(Outcome::Kind::done),
                                .accepted = sent(Outcome::Kind::accepted),
                                .failed = sent(Outcome::Kind::failed)};
        if (const auto counts = ask<Engine::Counts>([this] { return engine_->counts(); })) {
            stats.subscriptions = counts->all;
            stats.failing = counts->failing;
        }
        return stats;
    }

private:
    /// What the engine says, asked on its thread; nothing when that has no time, or the question breaks.
    template <class Value, class Question>
    std::optional<Value> ask(Question question) {
        constexpr std::chrono::seconds patience{5};
        auto said = std::make_shared<std::promise<Value>>();
        auto answer = said->get_future();
        post([said = std::move(said), question = std::move(question)] { said->set_value(question()); });
        if (answer.wait_for(patience) != std::future_status::ready) return std::nullopt;
        try {
            return answer.get();
        } catch (const std::future_error&) {
            return std::nullopt;
        }
    }

    /// What breaks concerns one piece of work; the next one finds the engine as it was.
    template <class Work>
    void guarded(const Work& work) {
        try {
            work();
        } catch (const std::exception& error) {
            report(std::string("subscriptions: ") + error.what());
        }
        set_timer();
    }

    void set_timer() {
        const auto due = engine_->next_due();
        if (due == timer_due_) return;
        timer_due_ = due;
        if (!due) {
            timer_.cancel();
            return;
        }
        timer_.expires_after(std::max(*due - engine_->now(), std::chrono::milliseconds(0)));
        timer_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            timer_due_.reset();
            guarded([this] { engine_->run_due(); });
        });
    }

    asio::io_context context_;
    asio::executor_work_guard<Executor> work_ = asio::make_work_guard(context_);
    Timer timer_;
    std::optional<Timestamp> timer_due_;
    delivery::WebhookSender sender_;
    const std::function<void(const std::string&)> on_trouble_;
    std::mt19937_64 random_{std::random_device{}()};
    std::array<std::atomic<std::uint64_t>, 3> outcomes_{};  ///< by kind
    Engine* engine_ = nullptr;
    std::thread thread_;
};

}  // namespace

struct Subscriptions::State {
    State(StreamStore& store, SubscriptionOptions given, const Clock& used_clock, std::vector<StreamStore*> logs)
        : options(std::move(given)),
          clock(used_clock),
          keys(keys_of(options, clock)),
          loop(std::make_shared<Loop>(options, keys, clock)),
          engine(store, clock, keys, engine_options(options), loop, std::move(logs)) {}

    ~State() { loop->stop(); }

    [[nodiscard]] Reply ask(Request request, std::string_view path);

    const SubscriptionOptions options;
    const Clock& clock;
    const Keys keys;
    const std::shared_ptr<Loop> loop;
    Engine engine;
    const std::shared_ptr<std::atomic<std::size_t>> requests = std::make_shared<std::atomic<std::size_t>>(0);
};

Subscriptions::Subscriptions(StreamStore& store, SubscriptionOptions options, const Clock& clock,
                             std::vector<StreamStore*> logs)
    : state_(std::make_unique<State>(store, std::move(options), clock, std::move(logs))) {}

Subscriptions::~Subscriptions() = default;

void Subscriptions::start() { state_->loop->run(state_->engine); }
void Subscriptions::stop() { state_->loop->stop(); }

std::optional<Offset> Subscriptions::needed_from(const StreamInfo& info) { return state_->loop->needed_from(info); }
SubscriptionStats Subscriptions::stats() const { return state_->loop->stats(); }

std::string_view Subscriptions::methods(std::string_view path) const {
    if (path == jwks_path) return "GET, OPTIONS";
    return path.starts_with(subscriptions_path) ? methods_of(path.substr(subscriptions_path.size()))
                                                : std::string_view();
}

bool Subscriptions::is_open(std::string_view path) const {
    return path == jwks_path || (path.starts_with(subscriptions_path) &&
                                 subscriptions::wants_wake_token(path.substr(subscriptions_path.size())));
}

/// The subscription, whatever is asked of it.
std::string_view Subscriptions::subject(std::string_view path) const {
    return path.starts_with(subscriptions_path) ? path.substr(0, path.find('/', subscriptions_path.size())) : path;
}

Reply Subscriptions::handle(Request request, std::string_view path) {
    if (path.starts_with(subscriptions_path)) {
        return state_->ask(std::move(request), path.substr(subscriptions_path.size()));
    }
    Response response;
    response.set("content-type", "application/jwk-set+json");
    response.set("cache-control", "public, max-age=300");
    response.text = state_->keys.jwks(state_->clock.now());
    return response;
}

Reply Subscriptions::State::ask(Request request, std::string_view path) {
    if (request.body.size() > max_request_bytes) {
        return problem(413, "too-large", "Requests about subscriptions have 1 MiB at most.");
    }
    auto command = parse_command(request, path, local_webhooks(options));
    if (!command) return rejected(command.error());
    if (request.principal && !may_command(*request.principal, *command)) {
        return problem(403, "forbidden", "These credentials do not allow this.");
    }
    if (auto* put = std::get_if<Put>(&command->command); put != nullptr && request.principal) {
        put->most_own = request.principal->quota().subscriptions;
        put->is_own = [principal = request.principal](const std::string& id) {
            return principal->may(Verb::subscribe, std::string(subscriptions_prefix) + id);
        };
    }
    // The engine answers on its thread; whoever waits is counted until then.
    const auto count = std::shared_ptr<void>(requests.get(), [counter = requests](void*) { --*counter; });
    if (++*requests > max_requests) return rejected(reject(code::busy, "Too many requests wait for subscriptions."));
    auto shared = std::make_shared<Addressed>(std::move(*command));
    return Pending{[this, shared, count](Respond respond) {
        loop->post([this, shared, respond = std::move(respond), count] { engine.submit(std::move(*shared), respond); });
    }};
}

}  // namespace foldback::server
