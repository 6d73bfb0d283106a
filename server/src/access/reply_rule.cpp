#include "access/reply_rule.hpp"

#include <algorithm>
#include <utility>

namespace foldback::server::access {

namespace {

using Rule = std::shared_ptr<const ReplyRule>;

class RuledLongPoll final : public LongPoll {
public:
    RuledLongPoll(std::unique_ptr<LongPoll> inner, Rule rule) : inner_(std::move(inner)), rule_(std::move(rule)) {}

    std::optional<Response> poll() override {
        auto response = rule_->interruption();
        if (!response) response = inner_->poll();
        if (response) rule_->finish(*response);
        return response;
    }
    Watch watch(std::function<void()> changed) override { return inner_->watch(std::move(changed)); }
    Response expire() override {
        auto interruption = rule_->interruption();
        auto response = interruption ? std::move(*interruption) : inner_->expire();
        rule_->finish(response);
        return response;
    }
    std::chrono::milliseconds timeout() const override { return std::min(inner_->timeout(), rule_->left()); }

private:
    std::unique_ptr<LongPoll> inner_;
    const Rule rule_;
};

class RuledEventStream final : public EventStream {
public:
    RuledEventStream(std::unique_ptr<EventStream> inner, Rule rule)
        : inner_(std::move(inner)), rule_(std::move(rule)) {}

    Response head() override {
        auto response = inner_->head();
        rule_->finish(response);
        return response;
    }
    Step next() override { return rule_->interruption() ? Step{.bytes = {}, .finished = true} : inner_->next(); }
    Watch watch(std::function<void()> changed) override { return inner_->watch(std::move(changed)); }
    std::chrono::milliseconds lifetime() const override { return std::min(inner_->lifetime(), rule_->left()); }

private:
    std::unique_ptr<EventStream> inner_;
    const Rule rule_;
};

class RuledLater final : public Later {
public:
    RuledLater(std::unique_ptr<Later> inner, Rule rule) : inner_(std::move(inner)), rule_(std::move(rule)) {}

    void start(std::function<void()> done) override { inner_->start(std::move(done)); }
    Reply take() override { return under(inner_->take(), rule_); }

private:
    std::unique_ptr<Later> inner_;
    const Rule rule_;
};

Pending finished(Pending pending, const Rule& rule) {
    return {[start = std::move(pending.start), rule](Respond respond) {
        start([respond = std::move(respond), rule](Response response) {
            rule->finish(response);
            respond(std::move(response));
        });
    }};
}

}  // namespace

Reply under(Reply reply, Rule rule) {
    if (auto* response = std::get_if<Response>(&reply)) {
        rule->finish(*response);
        return reply;
    }
    if (auto* pending = std::get_if<Pending>(&reply)) return finished(std::move(*pending), rule);
    if (auto* poll = std::get_if<std::unique_ptr<LongPoll>>(&reply)) {
        return std::unique_ptr<LongPoll>(std::make_unique<RuledLongPoll>(std::move(*poll), std::move(rule)));
    }
    if (auto* events = std::get_if<std::unique_ptr<EventStream>>(&reply)) {
        return std::unique_ptr<EventStream>(std::make_unique<RuledEventStream>(std::move(*events), std::move(rule)));
    }
    auto& later = std::get<std::unique_ptr<Later>>(reply);
    return std::unique_ptr<Later>(std::make_unique<RuledLater>(std::move(later), std::move(rule)));
}

}  // namespace foldback::server::access
