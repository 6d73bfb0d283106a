#include "store/writer.hpp"

#include <algorithm>

/// The writer of a node: its commits go to a log that others append to as well.
namespace foldback {
namespace {

/// What a reader waits for the writer's next look at the shared log, at most. Whatever takes longer is a database that is away, and then
/// reads answer from what is folded.
constexpr std::chrono::milliseconds patience_of_readers{5'000};
/// An append that takes so long may have sat out an outage: a log tries again before it says so.
constexpr std::chrono::milliseconds long_append{1'000};

Refused refused_with(Refusal reason, const std::exception& error) { return {.reason = reason, .detail = error.what()}; }

}  // namespace

void Writer::share(std::shared_ptr<SharedLog> shared) {
    replication_ = std::make_unique<Replication>(
        std::move(shared), log_,
        [this](const log::CommitView& commit, std::span<const index::PlainAppend> known) { publish(commit, known); });
}

void Writer::look() {
    {
        const std::lock_guard lock(mutex_);
        if (look_is_due_) return;
        look_is_due_ = true;
    }
    queued_.notify_one();
    replication_->shared().wake();
}

void Writer::wait_for_news() {
    if (broken_) return;
    if (!replication_->shared().reachable()) return catalog_.hold_idling();
    barrier_.wait([this] { look(); }, patience_of_readers);
}

template <class Work>
auto Writer::trying(Work work) {
    try {
        return work();
    } catch (const StoreUnavailable&) {
        catalog_.hold_idling();
        throw;
    } catch (const OutcomeUnknown&) {
        catalog_.hold_idling();
        throw;
    }
}

template <class Work>
auto Writer::reaching(Work work) {
    auto done = trying(std::move(work));
    catalog_.end_hold();
    return done;
}

bool Writer::catch_up() {
    return reaching([this] { return replication_->catch_up(); });
}

bool Writer::commit_shared() {
    bool worked = has_queued();
    if (worked && !broken_) take_turn();
    std::size_t bytes = 0;
    const bool has_group = take_group(bytes);
    const auto ticket = barrier_.begin();  // behind that: who found a look due until then asked for no other one
    try {
        if (broken_) {
            refuse_all(group_, {.reason = Refusal::broken, .detail = "the store broke and must be reopened"});
        } else if (has_group) {
            decide_and_share(bytes);
            complete_all(group_);
        } else {
            worked = catch_up();
        }
    } catch (const OutcomeUnknown& error) {
        refuse_all(group_, refused_with(Refusal::outcome_unknown, error));
    } catch (const StoreUnavailable& error) {
        refuse_all(group_, refused_with(Refusal::unavailable, error));
    } catch (const std::exception& error) {
        // A copy that fails may do so after the shared log took the commit.
        break_down(error.what(), log_.poisoned() ? Refusal::outcome_unknown : Refusal::broken);
    }
    barrier_.end(ticket);
    replication_->end_group(has_queued());
    return worked;
}

bool Writer::has_queued() {
    const std::lock_guard lock(mutex_);
    return taken_ < queue_.size();
}

/// Readers are served while it waits. Without the shared log it goes on, and the append says what is wrong.
void Writer::take_turn() {
    const auto look = [this] {
        {
            const std::lock_guard lock(mutex_);
            look_is_due_ = false;
        }
        const auto ticket = barrier_.begin();
        const bool found = catch_up();
        barrier_.end(ticket);
        return found;
    };
    try {
        replication_->take_turn(look);
    } catch (const StoreUnavailable&) {
    } catch (const std::exception& error) {
        break_down(error.what(), log_.poisoned() ? Refusal::outcome_unknown : Refusal::broken);
    }
}

/// A group that records nothing consists of refusals and duplicates: they hold if there was nothing newer to decide them on. Duplicates
/// are acknowledged, and so must be as durable as anything that is.
void Writer::decide_and_share(std::size_t bytes) {
    while (true) {
        decide_group(bytes);
        if (!draft_.commit().empty()) {
            if (append_shared()) return;
            (void)catch_up();
        } else if (!catch_up()) {
            if (!std::ranges::all_of(group_, &QueuedWrite::is_refused))
                reaching([this] {
                    replication_->confirm();
                    return true;
                });
            return;
        }
    }
}

bool Writer::append_shared() {
    const auto next_incarnation = [&] {
        const std::shared_lock lock(catalog_.mutex());
        return catalog_.next_incarnation();
    }();
    const TimedIn timed(flush_us_);
    return reaching([&] {
        const auto began = options_.clock->monotonic();
        const bool is_appended = replication_->append(draft_, next_incarnation);
        if (options_.clock->monotonic() - began >= long_append) catalog_.hold_idling();
        return is_appended;
    });
}

}  // namespace foldback
