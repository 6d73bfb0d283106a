#include "store/replication.hpp"

#include <algorithm>

namespace foldback {

namespace {

/// Turns that are taken after others were in the way.
constexpr unsigned turns_after_others = 32;

/// Of a turn, and before one is taken by a node that appends without a pause: others may wait in line. Between two turns nobody appends until the
/// next node has read the last group; the groups before that it reads meanwhile.
constexpr unsigned groups_in_turn = 8;

StorageError lost_commits() {
    return StorageError(
        "the shared log has lost commits that this node has folded; at the next start it "
        "takes over what the log holds");
}

}  // namespace

void Replication::take_turn(const std::function<bool()>& look) {
    if (has_turn_ || turns_ == 0) return;
    --turns_;
    const auto look_for_others = [&] {
        if (look()) turns_ = turns_after_others;
    };
    shared_->take_turn(look_for_others);
    has_turn_ = true;
    groups_ = 0;
    look_for_others();
}

void Replication::end_group(bool has_more) noexcept {
    if (has_more && ++groups_ < groups_in_turn) return;
    groups_ = 0;
    if (has_more) turns_ = std::max(turns_, has_turn_ ? 0U : 1U);
    if (std::exchange(has_turn_, false)) shared_->end_turn();
}

bool Replication::append(CommitDraft& draft, Incarnation next_incarnation) {
    if (copy_.is_sealed()) {
        // A seal is appended together with what begins the next segment, which this node has not got yet.
        if (!catch_up()) throw lost_commits();
        return false;
    }
    const auto proposed = copy_.propose(draft.commit(), draft.timestamp().time_since_epoch().count(), next_incarnation);
    switch (shared_->append(proposed, [&] { copy_.write_ahead(proposed); })) {
        case SharedLog::Answer::appended: break;
        case SharedLog::Answer::overtaken: turns_ = turns_after_others; return false;
        case SharedLog::Answer::lost: throw lost_commits();
    }
    if (proposed.seal) publish_(copy_.accept(*proposed.seal), {});
    publish_(copy_.accept(proposed.commit), draft.plain_appends());
    shared_->announce();
    is_confirmed_ = true;
    return true;
}

void Replication::confirm() {
    if (is_confirmed_) return;
    shared_->confirm();
    is_confirmed_ = true;
}

bool Replication::catch_up() {
    bool found = false;
    shared_->read(copy_.tail(), [&](const log::SharedCommit& commit) {
        publish_(copy_.accept(commit), {});
        found = true;
        is_confirmed_ = false;
    });
    return found;
}

void Barrier::wait(const std::function<void()>& wake, std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    const auto ticket = ++asked_;
    lock.unlock();
    wake();
    lock.lock();
    ended_.wait_for(lock, at_most, [&] { return served_ >= ticket; });
}

Barrier::Ticket Barrier::begin() {
    const std::lock_guard lock(mutex_);
    return asked_;
}

void Barrier::end(Ticket ticket) {
    {
        const std::lock_guard lock(mutex_);
        if (ticket <= served_) return;
        served_ = ticket;
    }
    ended_.notify_all();
}

}  // namespace foldback
