#include "subscriptions/actor.hpp"
#include "subscriptions/engine.hpp"
#include "subscriptions/journal.hpp"
#include "subscriptions/secrets.hpp"

/// How a subscription wakes its receiver or workers.
namespace foldback::server::subscriptions {

namespace {

/// Refusals by the stream that a wake was to be written to.
bool is_about_wake_stream(Refusal reason) {
    return reason == Refusal::not_found || reason == Refusal::gone || reason == Refusal::closed ||
           reason == Refusal::content_type;
}

AppendRequest wake_message(const std::string& subscription, const StreamPath& wake_stream, const WakeIssued& wake,
                           Timestamp now) {
    const auto text = wake_event(subscription, wake, now);
    return {.stream = wake_stream,
            .messages = Messages::trusted_json(std::span(&text, 1)),
            .content_type = "application/json"};
}

}  // namespace

bool Engine::issue_wake(Actor& actor) {
    if (actor.state.wake() || actor.state.pending().empty()) return false;
    for (const auto& stream : next_pending(actor.state)) refresh(actor, stream);
    auto decided = decide_wake(actor.state, now(), new_wake_id());
    if (decided.is_nothing()) return false;
    actor.lease_is_fresh = true;
    actor.was_accepted = false;
    auto events = std::move(decided).events();
    if (actor.state.configuration().type == Delivery::pull_wake) {
        write_wake(actor, std::move(events));
    } else {
        commit_or_wait(actor, std::move(events));
    }
    return true;
}

/// The wake and its message in the wake stream are one commit: neither is there without the other.
void Engine::write_wake(Actor& actor, std::vector<SubscriptionEvent> events) {
    const auto wake = std::get<WakeIssued>(events.front());
    const auto after = [this, &actor, wake](const Refused* why) {
        if (why == nullptr) return;
        if (why->reason == Refusal::across_partitions) return write_wake_apart(actor, wake);
        wake_was_not_written(actor, *why);
    };
    commit(actor, std::move(events), after,
           wake_message(actor.id, *actor.state.configuration().wake_stream, wake, clock_.now()));
}

/// The wake stream is in another log, so these are two commits, the message first: where it ends between them, there is a message of a
/// wake that nobody knows, and another wake follows. The other way round a wake could be without a message.
void Engine::write_wake_apart(Actor& actor, const WakeIssued& wake) {
    actor.writing = true;
    auto done = [this, &actor, wake, surroundings = surroundings_](const Result<Appended>& result) {
        surroundings->post([this, &actor, wake, result] {
            actor.writing = false;
            if (result) {
                commit_or_wait(actor, {wake});
            } else {
                wake_was_not_written(actor, result.error());
            }
            wake_up(actor);
            run_awake();
        });
    };
    store_.append(wake_message(actor.id, *actor.state.configuration().wake_stream, wake, clock_.now()),
                  std::move(done));
}

void Engine::wake_was_not_written(Actor& actor, const Refused& why) {
    if (!is_about_wake_stream(why.reason)) return refused(actor, why);
    const std::string reason = std::string("the wake stream takes no message: ") + name_of(why.reason);
    auto failed = decide_unwritten_wake(actor.state, now(), reason, surroundings_->chance());
    commit_or_wait(actor, std::move(failed).events());
}

bool Engine::send_webhook(Actor& actor) {
    const auto& state = actor.state;
    if (state.configuration().type != Delivery::webhook || !actor.attempt.empty() || actor.was_accepted) return false;
    if (!state.wake_is_live(now()) || (state.next_attempt_at() && now() < *state.next_attempt_at())) return false;
    if (!std::exchange(actor.lease_is_fresh, true)) {
        commit_or_wait(actor, {LeaseExtended{now() + state.lease_ttl()}});
        return true;
    }
    actor.lease_is_fresh = false;
    actor.attempt = state.wake()->id;
    surroundings_->start(
        {.subscription = actor.id,
         .wake_id = actor.attempt,
         .url = *state.configuration().webhook_url,
         .body = webhook_body(actor.id, state, addresses_of(state.created().base_url), token_for(actor)),
         .time = *state.wake()->lease_until - now(),
         .traceparent = actor.traceparent});
    return false;
}

}  // namespace foldback::server::subscriptions
