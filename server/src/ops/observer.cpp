#include "ops/observer.hpp"

#include <atomic>
#include <utility>

#include "foldback/server/trace_context.hpp"

namespace foldback::server {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Observing {
    RequestMetrics& metrics;
    const ObserverOptions options;
};

/// Shared with requests, whose answers may come when the handler is gone.
using SharedObserving = std::shared_ptr<const Observing>;

/// A request on its way to its answer.
class Observed {
public:
    Observed(const SharedObserving& observing, const Request& request)
        : observing_(observing),
          begun_(SteadyClock::now()),
          body_bytes_(request.body.size()),
          method_(request.method),
          route_(route_of(request.target, observing->options.stream_prefix)),
          request_id_(request.request_id) {
        if (!observing->options.wants) return;
        path_ = request.target.substr(0, request.target.find('?'));
        if (const auto* trace = request.header("traceparent")) traceparent_ = *trace;
        if (const auto* producer = request.header("producer-id")) producer_id_ = *producer;
    }

    /// Of a request that is refused before its body is read.
    Observed(const SharedObserving& observing, Method method, std::string_view target)
        : observing_(observing),
          begun_(SteadyClock::now()),
          method_(method),
          route_(route_of(target, observing->options.stream_prefix)) {
        if (observing->options.wants) path_ = target.substr(0, target.find('?'));
    }

    void finish(Response& response, LiveMode mode = LiveMode::catch_up) const {
        const bool is_live = mode != LiveMode::catch_up;
        const auto took = SteadyClock::now() - begun_;
        auto& metrics = observing_->metrics;
        metrics.count_request(route_, method_, response.status);
        if (!is_live) metrics.count_duration(route_, took);
        if (route_ == RequestRoute::stream && method_ == Method::post) metrics.count_append(response, body_bytes_);
        const bool is_read = route_ == RequestRoute::stream || route_ == RequestRoute::feed;
        if (is_read && method_ == Method::get) metrics.count_read(mode, response.body_bytes());
        const bool is_failure = response.status >= 500;
        if (is_failure && !request_id_.empty()) response.set("x-request-id", request_id_);
        const auto& options = observing_->options;
        if (options.wants && options.wants(response.status, took, is_live)) tell(response, took, is_live);
    }

    [[nodiscard]] RequestMetrics& metrics() const noexcept { return observing_->metrics; }

private:
    void tell(const Response& response, std::chrono::nanoseconds took, bool is_live) const {
        RequestRecord record{.request_id = request_id_,
                             .path = path_,
                             .producer_id = producer_id_,
                             .route = route_,
                             .method = method_,
                             .status = response.status,
                             .bytes = response.body_bytes(),
                             .took = took,
                             .is_live = is_live};
        if (auto trace = parse_traceparent(traceparent_)) record.trace_id = std::move(trace->trace_id);
        observing_->options.tell(record);
    }

    SharedObserving observing_;
    SteadyClock::time_point begun_;
    std::uint64_t body_bytes_ = 0;
    Method method_;
    RequestRoute route_;
    std::string request_id_;
    std::string path_;
    std::string traceparent_;
    std::string producer_id_;
};

/// Counts a live reader for as long as it is there, and how long it takes to act on news.
class LiveReaderCount {
public:
    LiveReaderCount(RequestMetrics& metrics, LiveMode mode) : metrics_(metrics), mode_(mode) {
        metrics_.live_reader_came(mode_);
    }
    ~LiveReaderCount() { metrics_.live_reader_went(mode_); }
    LiveReaderCount(const LiveReaderCount&) = delete;
    LiveReaderCount& operator=(const LiveReaderCount&) = delete;

    [[nodiscard]] std::function<void()> stamped(std::function<void()> changed) {
        return [told_at = told_at_, changed = std::move(changed)] {
            told_at->store(SteadyClock::now().time_since_epoch().count(), std::memory_order_relaxed);
            changed();
        };
    }
    void took_news() {
        const auto told_at = told_at_->exchange(0, std::memory_order_relaxed);
        if (told_at != 0) metrics_.count_wake(SteadyClock::now().time_since_epoch() - SteadyClock::duration(told_at));
    }

private:
    RequestMetrics& metrics_;
    LiveMode mode_;
    /// Shared with callbacks, which may outlive the reader.
    std::shared_ptr<std::atomic<SteadyClock::rep>> told_at_ = std::make_shared<std::atomic<SteadyClock::rep>>(0);
};

class ObservedLongPoll final : public LongPoll {
public:
    ObservedLongPoll(std::unique_ptr<LongPoll> inner, Observed observed)
        : inner_(std::move(inner)), observed_(std::move(observed)), count_(observed_.metrics(), LiveMode::long_poll) {}

    std::optional<Response> poll() override {
        count_.took_news();
        auto response = inner_->poll();
        if (response) observed_.finish(*response, LiveMode::long_poll);
        return response;
    }
    Watch watch(std::function<void()> changed) override { return inner_->watch(count_.stamped(std::move(changed))); }
    Response expire() override {
        auto response = inner_->expire();
        observed_.finish(response, LiveMode::long_poll);
        return response;
    }
    std::chrono::milliseconds timeout() const override { return inner_->timeout(); }

private:
    std::unique_ptr<LongPoll> inner_;
    Observed observed_;
    LiveReaderCount count_;
};

class ObservedEventStream final : public EventStream {
public:
    ObservedEventStream(std::unique_ptr<EventStream> inner, Observed observed)
        : inner_(std::move(inner)), observed_(std::move(observed)), count_(observed_.metrics(), LiveMode::sse) {}

    Response head() override {
        auto response = inner_->head();
        observed_.finish(response, LiveMode::sse);
        return response;
    }
    Step next() override {
        count_.took_news();
        auto step = inner_->next();
        if (!step.bytes.empty()) observed_.metrics().count_read(LiveMode::sse, step.bytes.size());
        return step;
    }
    Watch watch(std::function<void()> changed) override { return inner_->watch(count_.stamped(std::move(changed))); }
    std::chrono::milliseconds lifetime() const override { return inner_->lifetime(); }

private:
    std::unique_ptr<EventStream> inner_;
    Observed observed_;
    LiveReaderCount count_;
};

Reply observe(Reply reply, Observed observed);

class ObservedLater final : public Later {
public:
    ObservedLater(std::unique_ptr<Later> inner, Observed observed)
        : inner_(std::move(inner)), observed_(std::move(observed)) {}

    void start(std::function<void()> done) override { inner_->start(std::move(done)); }
    Reply take() override { return observe(inner_->take(), std::move(observed_)); }

private:
    std::unique_ptr<Later> inner_;
    Observed observed_;
};

Pending observe(Pending pending, Observed observed) {
    auto shared = std::make_shared<const Observed>(std::move(observed));
    return Pending{[start = std::move(pending.start), shared](Respond respond) {
        start([shared, respond = std::move(respond)](Response response) {
            shared->finish(response);
            respond(std::move(response));
        });
    }};
}

Reply observe(Reply reply, Observed observed) {
    if (auto* response = std::get_if<Response>(&reply)) {
        observed.finish(*response);
        return reply;
    }
    if (auto* pending = std::get_if<Pending>(&reply)) return observe(std::move(*pending), std::move(observed));
    if (auto* later = std::get_if<std::unique_ptr<Later>>(&reply)) {
        return std::unique_ptr<Later>(std::make_unique<ObservedLater>(std::move(*later), std::move(observed)));
    }
    if (auto* poll = std::get_if<std::unique_ptr<LongPoll>>(&reply)) {
        return std::unique_ptr<LongPoll>(std::make_unique<ObservedLongPoll>(std::move(*poll), std::move(observed)));
    }
    auto& events = std::get<std::unique_ptr<EventStream>>(reply);
    return std::unique_ptr<EventStream>(std::make_unique<ObservedEventStream>(std::move(events), std::move(observed)));
}

class ObservedHandler final : public RequestHandler {
public:
    ObservedHandler(std::unique_ptr<RequestHandler> inner, RequestMetrics& metrics, ObserverOptions options)
        : inner_(std::move(inner)),
          observing_(std::make_shared<const Observing>(Observing{metrics, std::move(options)})) {}

    Reply handle(Request request) override {
        Observed observed(observing_, request);
        return observe(inner_->handle(std::move(request)), std::move(observed));
    }

    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        auto refusal = inner_->refuse_early(method, target, body_bytes);
        if (refusal) Observed(observing_, method, target).finish(*refusal);
        return refusal;
    }

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        auto refusal = inner_->admit(head, body_bytes);
        if (refusal) Observed(observing_, head).finish(*refusal);
        return refusal;
    }

private:
    std::unique_ptr<RequestHandler> inner_;
    const SharedObserving observing_;
};

}  // namespace

std::unique_ptr<RequestHandler> observed(std::unique_ptr<RequestHandler> handler, RequestMetrics& metrics,
                                         ObserverOptions options) {
    return std::make_unique<ObservedHandler>(std::move(handler), metrics, std::move(options));
}

}  // namespace foldback::server
