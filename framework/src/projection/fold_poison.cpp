#include <cmath>

#include "projection/fold_task.hpp"

namespace foldback::projection {

std::chrono::milliseconds delay_after(const RetryPolicy& retry, unsigned attempt) {
    const auto longest = static_cast<double>(retry.longest_delay.count());
    const auto delay =
        std::min(longest, static_cast<double>(retry.first_delay.count()) * std::pow(retry.factor, attempt - 1.0));
    return std::chrono::milliseconds{static_cast<std::int64_t>(delay)};
}

void FoldTask::retry_later(const Failure& failure, unsigned attempt, std::optional<Position> failing) {
    ++failures_;
    retry_at_ = options_.clock->monotonic() + delay_after(definition_.retry, attempt);
    error_ = failure.error;
    failing_ = failing;
}

void FoldTask::poisoned(const FeedMessage& event, const Failure& failure) {
    if (failing_ != event.position) attempts_ = 0;
    ++attempts_;
    if (attempts_ <= definition_.retry.retries) return retry_later(failure, attempts_, event.position);
    switch (definition_.on_poison) {
        case OnPoison::stop: return stop(failure.error, event.position);
        case OnPoison::skip: return skip(event);
        case OnPoison::park: return park(event, failure);
    }
}

void FoldTask::skip(const FeedMessage& event) {
    ++failures_;
    auto ledger = moved_to({event.position.value + 1});
    ++ledger.skipped;
    if (definition_.sink) {
        commit_sink(ledger, {});
    } else {
        store(ledger);
    }
    forget_failure();
}

void FoldTask::park(const FeedMessage& event, const Failure& failure) {
    if (parked_count_ >= definition_.max_parked) return stop(failure.error, event.position);
    ++failures_;
    const auto parked = to_park(event, failure.error, attempts_);
    const auto ledger = moved_to({event.position.value + 1});
    is_stale_ = true;
    parked_keys_.insert(parked.key);
    if (definition_.sink) {
        commit_sink(ledger, {parked});
    } else {
        store(ledger, [&](ReadModel& model) { books_.park(model, parked); });
    }
    ++parked_count_;
    forget_failure();
}

std::vector<ParkedEvent> FoldTask::parked(std::size_t limit) const {
    std::vector<ParkedEvent> events;
    database_->read([&](ReadModel& model) { events = books_.parked(model, limit); });
    return events;
}

void FoldTask::apply_parked(const ParkedEvent& parked, const FeedMessage& event) {
    auto ledger = ledger_;
    ++ledger.applied;
    const auto prepared = definition_.prepare ? definition_.prepare(event) : nullptr;
    const Delivery delivery{.message = event, .replay = parked.replay, .prepared = prepared.get()};
    if (definition_.sink) deliver_alone(delivery, ledger.checkpoint);
    store(ledger, [&](ReadModel& model) {
        if (!definition_.sink) definition_.apply(model, delivery);
        books_.unpark(model, parked.position);
    });
}

std::optional<std::string> FoldTask::waits_for(const ParkedEvent& parked, const FeedMessage& event) const {
    if (!definition_.key) return std::nullopt;
    auto other = key_of_stream(event);
    if (parked.key == other) other = told_key_of(event);
    if (parked.key == other) return std::nullopt;
    std::optional<ParkedEvent> first;
    database_->read([&](ReadModel& model) { first = books_.first_parked(model, other); });
    return first && first->position < parked.position ? std::optional(std::move(other)) : std::nullopt;
}

ParkedRetry FoldTask::retry_parked(std::string_view key) {
    ParkedRetry outcome;
    save();  // the ledger that is stored with each event must not run ahead of its batch
    while (true) {
        know_ledger();
        std::optional<ParkedEvent> parked;
        database_->read([&](ReadModel& model) { parked = books_.first_parked(model, key); });
        if (!parked) break;
        const auto page = store_.read_feed({.from = parked->position, .prefix = parked->stream, .max_messages = 1});
        if (page.messages.empty() || page.messages.front().position != parked->position) {
            database_->write([&](ReadModel& model) { books_.unpark(model, parked->position); });
            ++outcome.gone;
            continue;
        }
        if (const auto other = waits_for(*parked, page.messages.front())) {
            outcome.error = "earlier ones are parked with the key \"" + *other + '"';
            break;
        }
        try {
            apply_parked(*parked, page.messages.front());
            ++outcome.applied;
        } catch (const std::exception& error) {
            outcome.error = error.what();
            if (definition_.sink && sink_keeps_checkpoint_) definition_.sink->discard();
            database_->write([&](ReadModel& model) { books_.note_failure(model, *parked, outcome.error); });
            know_ledger();
            break;
        }
    }
    database_->read([&](ReadModel& model) {
        outcome.remaining = books_.count_parked(model, key);
        parked_count_ = books_.count_parked(model);
    });
    if (outcome.remaining == 0) parked_keys_.erase(std::string(key));
    publish();
    return outcome;
}

bool FoldTask::drop_parked(Position position) {
    save();
    is_stale_ = true;
    bool dropped = false;
    database_->write([&](ReadModel& model) {
        dropped = books_.parked_at(model, position).has_value();
        if (dropped) books_.unpark(model, position);
    });
    know_ledger();
    return dropped;
}

}  // namespace foldback::projection
