#include "subscriptions/engine.hpp"

#include <algorithm>

#include "subscriptions/actor.hpp"
#include "subscriptions/journal.hpp"
#include "subscriptions/secrets.hpp"

/// What a subscription does by itself.
namespace foldback::server::subscriptions {

namespace {

constexpr std::chrono::milliseconds wait_after_refusal{1'000};

}  // namespace

Engine::Engine(StreamStore& store, const Clock& clock, const Keys& keys, EngineOptions options,
               std::shared_ptr<Surroundings> surroundings, std::vector<StreamStore*> logs)
    : store_(store),
      logs_(logs.empty() ? std::vector<StreamStore*>{&store} : std::move(logs)),
      clock_(clock),
      keys_(keys),
      options_(std::move(options)),
      surroundings_(std::move(surroundings)),
      began_at_(clock.now()),
      began_(clock.monotonic()) {
    load();
}

Engine::~Engine() = default;

Timestamp Engine::now() const { return began_at_ + (clock_.monotonic() - began_); }

void Engine::start() {
    for (auto& [id, actor] : actors_) wake_up(*actor);
    run_awake();
    follow_feed();
}

void Engine::attempt_ended(const std::string& subscription, const std::string& wake_id, Outcome outcome) {
    const auto found = actors_.find(subscription);
    if (found == actors_.end() || found->second->attempt != wake_id) return;
    found->second->outcome = std::move(outcome);
    wake_up(*found->second);
    run_awake();
}

Engine::Counts Engine::counts() const {
    Counts counts;
    for (const auto& [id, actor] : actors_) {
        if (!actor->exists) continue;
        ++counts.all;
        if (actor->state.failures() > 0) ++counts.failing;
    }
    return counts;
}

std::optional<Timestamp> Engine::next_due() const {
    if (due_.empty()) return look_again_at_;
    return std::min(due_.begin()->first, look_again_at_.value_or(due_.begin()->first));
}

void Engine::run_due() {
    const auto time = now();
    if (look_again_at_ && *look_again_at_ <= time) follow_feed();
    while (!due_.empty() && due_.begin()->first <= time) {
        auto& actor = *actors_.at(due_.begin()->second);
        due_.erase(due_.begin());
        actor.due.reset();
        wake_up(actor);
    }
    run_awake();
}

void Engine::wake_up(Actor& actor) { awake_.insert(actor.id); }

void Engine::run_awake() {
    while (!awake_.empty()) {
        const auto id = std::move(awake_.extract(awake_.begin()).value());
        const auto found = actors_.find(id);
        if (found == actors_.end()) continue;
        auto& actor = *found->second;
        try {
            advance(actor);
        } catch (const std::exception& error) {  // it goes on later, and the others go on
            actor.blocked_until = now() + wait_after_refusal;
            surroundings_->report("subscription " + id + " cannot go on: " + error.what());
            note_due(actor);
        }
    }
}

/// Does the next thing: each either changes nothing, or writes and goes on when that is durable.
void Engine::advance(Actor& actor) {
    if (actor.writing) return;
    const bool may_write = !actor.blocked_until || *actor.blocked_until <= now();
    if (may_write) actor.blocked_until.reset();
    if (may_write && record_sightings(actor)) return;
    while (!actor.waiting.empty()) {
        if (run_command(actor)) return;
    }
    if (!actor.exists) return forget(actor);
    if (may_write && (end_attempt(actor) || end_lease(actor) || issue_wake(actor) || send_webhook(actor) ||
                      restate_journal(actor))) {
        return;
    }
    note_due(actor);
}

bool Engine::record_sightings(Actor& actor) {
    if (actor.grown.empty() || !actor.exists) return false;
    std::vector<Sighting> sightings;
    for (const auto& [stream, growth] : actor.grown) sightings.push_back(growth.sighting);
    auto decided = decide_sightings(actor.state, sightings);
    if (!decided.is_nothing()) {
        // They stay until the links are durable, and until then the cursor stays before them.
        commit_or_wait(actor, std::move(decided).events());
        return true;
    }
    for (const auto& [stream, growth] : actor.grown) {
        actor.state.saw(stream, growth.sighting.incarnation, growth.tail);
    }
    actor.grown.clear();
    actor.grown_since.reset();
    return false;
}

bool Engine::end_attempt(Actor& actor) {
    if (!actor.outcome) return false;
    const auto outcome = std::move(*std::exchange(actor.outcome, std::nullopt));
    const auto wake_id = std::exchange(actor.attempt, {});
    const bool is_of_wake = actor.state.wake() && actor.state.wake()->id == wake_id;
    if (is_of_wake && outcome.kind == Outcome::Kind::accepted) actor.was_accepted = true;
    auto decided = decide_outcome(actor.state, now(), wake_id, outcome, surroundings_->chance());
    if (decided.is_nothing()) return false;
    commit_or_wait(actor, std::move(decided).events());
    return true;
}

bool Engine::end_lease(Actor& actor) {
    auto decided = decide_expiry(actor.state, now(), !actor.attempt.empty(), surroundings_->chance());
    if (decided.is_nothing()) return false;
    if (!actor.attempt.empty()) surroundings_->cancel(actor.id);
    actor.attempt.clear();
    commit_or_wait(actor, std::move(decided).events());
    return true;
}

/// Begins the journal anew, so that its size and the time to fold it are bounded by what it says.
bool Engine::restate_journal(Actor& actor) {
    if (actor.events < options_.restate_after_events + actor.state.links().size()) return false;
    std::vector<std::string> gone;
    for (const auto& [stream, link] : actor.state.links()) {
        if (!link.by_name && !store_.head(stream)) gone.push_back(stream);
    }
    for (const auto& stream : gone) actor.state.forget(stream);
    const auto begin = actor.offset;
    auto events = restate(actor.state);
    auto request = to_append(actor.id, begin, events, clock_.now());
    actor.writing = true;
    store_.append(std::move(request), [this, &actor, begin, surroundings = surroundings_](Result<Appended> done) {
        surroundings->post([this, &actor, begin, done = std::move(done)] {
            actor.writing = false;
            if (done) {
                actor.offset = done->next.offset;
                actor.events = 0;
                store_.truncate_before(journal_of(actor.id), begin, [](const Result<Offset>&) {});
            } else {
                refused(actor, done.error());
            }
            wake_up(actor);
            run_awake();
        });
    });
    return true;
}

/// When there will be something to do without anybody saying so.
void Engine::note_due(Actor& actor) {
    std::optional<Timestamp> due;
    const auto consider = [&due](std::optional<Timestamp> time) {
        if (time && (!due || *time < *due)) due = time;
    };
    const auto& state = actor.state;
    const auto& wake = state.wake();
    if (wake) consider(wake->lease_until);
    const bool waits_to_send = wake && wake->lease_until && actor.attempt.empty() && !actor.was_accepted;
    if (waits_to_send || (!wake && !state.pending().empty())) consider(state.next_attempt_at());
    if (actor.blocked_until) due = actor.blocked_until;
    if (due == actor.due) return;
    if (actor.due) due_.erase({*actor.due, actor.id});
    actor.due = due;
    if (due) due_.emplace(*due, actor.id);
}

void Engine::commit(Actor& actor, std::vector<SubscriptionEvent> events, After after,
                    std::optional<AppendRequest> also) {
    std::vector<AppendRequest> requests;
    requests.push_back(to_append(actor.id, actor.offset, events, clock_.now()));
    if (also) requests.push_back(std::move(*also));
    actor.writing = true;
    auto recorded = std::make_shared<const std::vector<SubscriptionEvent>>(std::move(events));
    auto done = [this, &actor, recorded, after = std::move(after),
                 surroundings = surroundings_](Result<std::vector<Appended>> result) {
        auto then = [this, &actor, recorded, after, result = std::move(result)] {
            actor.writing = false;
            if (result) {
                for (const auto& event : *recorded) {
                    std::visit([&actor](const auto& one) { actor.state.apply(one); }, event.variant());
                }
                actor.offset = result->front().next.offset;
                actor.events += recorded->size();
            }
            if (result) {
                after(nullptr);
            } else {
                const auto why = result.error();
                after(&why);
            }
            wake_up(actor);
            run_awake();
        };
        surroundings->post(std::move(then));
    };
    store_.append_all(std::move(requests), std::move(done));
}

void Engine::commit_or_wait(Actor& actor, std::vector<SubscriptionEvent> events) {
    commit(actor, std::move(events), [this, &actor](const Refused* why) {
        if (why != nullptr) refused(actor, *why);
    });
}

void Engine::refused(Actor& actor, const Refused& why) {
    actor.blocked_until = now() + wait_after_refusal;
    if (why.reason == Refusal::stopped) return;
    surroundings_->report("subscription " + actor.id + " cannot be written: " + name_of(why.reason) +
                          (why.detail.empty() ? "" : " (" + why.detail + ")"));
}

void Engine::forget(Actor& actor) {
    if (actor.due) due_.erase({*actor.due, actor.id});
    actors_.erase(actors_.find(actor.id));  // ends `actor`
}

}  // namespace foldback::server::subscriptions
