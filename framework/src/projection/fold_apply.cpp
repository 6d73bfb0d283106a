#include <algorithm>

#include "projection/fold_task.hpp"
#include "projection/parallel.hpp"

namespace foldback::projection {
namespace {

/// Events for which starting a thread is worth while.
constexpr std::size_t min_events_per_thread = 64;

}  // namespace

Ledger FoldTask::moved_to(Position next) const {
    auto ledger = ledger_;
    ledger.checkpoint = next;
    ledger.high_water = std::max(ledger.high_water, next);
    return ledger;
}

void FoldTask::become(const Ledger& ledger) {
    ledger_ = ledger;
    saved_ = ledger.checkpoint;
    saved_at_ = options_.clock->monotonic();
    is_stale_ = false;
    taken_ahead_.erase(taken_ahead_.begin(), taken_ahead_.lower_bound(ledger.checkpoint.value));
}

std::string FoldTask::key_of(const FeedMessage& event) const {
    if (!definition_.key) return std::string(event.stream);
    auto of_stream = key_of_stream(event);
    return parked_keys_.contains(of_stream) ? of_stream : told_key_of(event);
}

std::string FoldTask::key_of_stream(const FeedMessage& event) { return "stream " + std::string(event.stream); }

std::string FoldTask::told_key_of(const FeedMessage& event) const {
    try {
        return definition_.key(event);
    } catch (...) {
        return key_of_stream(event);
    }
}

bool FoldTask::is_left_out(const FeedMessage& event) const {
    return definition_.kind == ProjectionKind::reaction && is_replay(event);
}

bool FoldTask::is_parked(const FeedMessage& event) const {
    return !parked_keys_.empty() && parked_keys_.contains(key_of(event));
}

ParkedEvent FoldTask::to_park(const FeedMessage& event, std::string error, std::uint64_t attempts) const {
    return {.position = event.position,
            .key = key_of(event),
            .stream = std::string(event.stream),
            .offset = event.offset,
            .error = std::move(error),
            .attempts = attempts,
            .parked_at = options_.clock->now(),
            .replay = is_replay(event)};
}

std::vector<FoldTask::Prepared> FoldTask::prepare(Range events) const {
    std::vector<Prepared> prepared;
    if (!definition_.prepare) return prepared;
    prepared.resize(events.size());
    const std::size_t threads = options_.background_threads ? definition_.parallelism : 1;
    const auto parts = std::clamp<std::size_t>(events.size() / min_events_per_thread, 1, threads);
    in_parallel(parts, [&](std::size_t part) {
        for (auto index = events.size() * part / parts; index < events.size() * (part + 1) / parts; ++index) {
            try {
                if (!is_left_out(events[index])) prepared[index].value = definition_.prepare(events[index]);
            } catch (...) {
                prepared[index].error = std::current_exception();
            }
        }
    });
    return prepared;
}

void FoldTask::deliver(ReadModel& model, const FeedMessage& event, const Prepared* prepared, Ledger& ledger) {
    if (is_left_out(event)) return;
    if (is_parked(event)) {
        books_.park(model, to_park(event, {}, 0));
        return;
    }
    if (prepared != nullptr && prepared->error) std::rethrow_exception(prepared->error);
    definition_.apply(model, {.message = event,
                              .replay = is_replay(event),
                              .prepared = prepared != nullptr ? prepared->value.get() : nullptr});
    ++ledger.applied;
}

std::optional<FoldTask::Failure> FoldTask::apply_to_tables(Range events, Position next) {
    auto ledger = moved_to(next);
    const auto prepared = prepare(events);
    std::size_t index = 0;
    std::uint64_t parked = parked_count_;
    try {
        database_->write([&](ReadModel& model) {
            for (; index < events.size(); ++index) {
                deliver(model, events[index], prepared.empty() ? nullptr : &prepared[index], ledger);
            }
            books_.save(model, ledger);
            if (!parked_keys_.empty()) parked = books_.count_parked(model);
        });
    } catch (const DatabaseError& error) {
        is_stale_ = error.environment;  // it may have been the commit
        return Failure{index, error.what(), error.environment};
    } catch (const StorageError& error) {
        return Failure{index, error.what(), true};
    } catch (const std::exception& error) {
        return Failure{index, error.what(), false};
    } catch (...) {
        return Failure{index, "an exception that is no std::exception", false};
    }
    become(ledger);
    parked_count_ = parked;
    return std::nullopt;
}

std::optional<FoldTask::Failure> FoldTask::apply_range(Range events, Position next) {
    return definition_.sink ? apply_to_sink(events, next) : apply_to_tables(events, next);
}

void FoldTask::apply(Range events, Position next) {
    auto range = events;
    std::optional<Failure> culprit;  ///< of the event that `range` ends before
    while (auto failure = apply_range(range, range.size() == events.size() ? next : events[range.size()].position)) {
        // Nothing of the range is there now.
        const bool as_a_whole = failure->index == range.size();
        if (failure->environment)
            return retry_later(*failure, ++attempts_, range[as_a_whole ? 0 : failure->index].position);
        if (as_a_whole && range.size() > 1) {
            // It is the transaction (a deferred constraint): smaller ones find the event.
            batch_events_ = range.size() / 2;
            return;
        }
        if (as_a_whole || failure->index == 0) return poisoned(range.front(), *failure);
        // What comes before the event that failed need not wait for it.
        range = events.first(failure->index);
        culprit = std::move(failure);
    }
    if (culprit) return poisoned(events[range.size()], *culprit);
    forget_failure();
    batch_events_ = std::min(definition_.batch_events, batch_events_ * 2);
    if (parked_count_ > definition_.max_parked) stop("more events are parked than max_parked", std::nullopt);
}

}  // namespace foldback::projection
