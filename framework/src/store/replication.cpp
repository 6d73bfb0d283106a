#include "store/replication.hpp"

namespace foldback {

namespace {

/// Groups that are appended in turn after others were in the way.
constexpr unsigned turns_after_overtaking = 32;

StorageError lost_commits() {
    return StorageError(
        "the shared log has lost commits that this node has folded; at the next start it "
        "takes over what the log holds");
}

}  // namespace

Replication::Turn Replication::turn() {
    if (turns_ == 0) return Turn(nullptr);
    --turns_;
    shared_->take_turn();
    Turn taken(shared_.get());
    if (catch_up()) turns_ = turns_after_overtaking;
    return taken;
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
        case SharedLog::Answer::overtaken: turns_ = turns_after_overtaking; return false;
        case SharedLog::Answer::lost: throw lost_commits();
    }
    if (proposed.seal) publish_(copy_.accept(*proposed.seal), {});
    publish_(copy_.accept(proposed.commit), draft.plain_appends());
    shared_->announce();
    return true;
}

bool Replication::catch_up() {
    bool found = false;
    shared_->read(copy_.tail(), [&](const log::SharedCommit& commit) {
        publish_(copy_.accept(commit), {});
        found = true;
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

bool Barrier::wanted() const {
    const std::lock_guard lock(mutex_);
    return asked_ > served_;
}

}  // namespace foldback
