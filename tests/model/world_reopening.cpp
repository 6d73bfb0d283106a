#include <algorithm>

#include "log/verify.hpp"
#include "model/world.hpp"

/// How a life of the store ends and the next one begins.
namespace foldback::model {

void World::end_life() {
    const auto dice = below(random_, 100);
    const bool dies = dice < swarm_.power_losses + swarm_.kills || power_may_fail_;
    if (dies) {
        index_.note_death();
        if (dice < swarm_.power_losses || power_may_fail_) {
            note("==== the power fails");
            device_->crash();
        } else {
            note("==== the process is killed");
            device_->kill();
        }
    } else {
        note("==== the store is closed");
    }
    store_.reset();
    if (dies) index_.restore_death();
    if (!dies && store_ == nullptr && chance(random_, 50)) device_->kill();
    queued_.clear();
    completed_.clear();
    generator_.forget_queued();
    device_->set_faults({});
    device_->lose_power_after(UINT64_MAX);
    device_->fail_once_after(UINT64_MAX, std::errc::io_error);
}

void World::reopen() {
    if (swarm_.index_suffers && !index_may_be_damaged_) {
        const auto fate = index_.suffer(random_);
        note(fate);
        index_may_be_damaged_ = fate == IndexFiles::damaged;
    }
    // Opening may be cut short as well, again and again.
    for (int attempt = 0; attempt < 2 && swarm_.midway && chance(random_, 40); ++attempt) {
        device_->lose_power_after(below(random_, 12));
        if (open(false)) index_.note_death();
        store_.reset();
        note("the power fails while it is opened");
        device_->crash();
    }
    if (swarm_.read_fails > 0 && chance(random_, 50)) {
        device_->set_faults({.read_fails = 0.05});
        (void)open(false);
        store_.reset();
    }
    device_->set_faults({});
    faults_before_life_ = device_->faults_injected();
    power_may_fail_ = false;
    space_may_run_out_ = false;
    const bool fine = surviving_a_damaged_index([&] { open_and_look(); });
    if (fine && !store_->stats().broken) return;
    store_.reset();
    completed_.clear();
    queued_.clear();
    open_and_look();
}

void World::open_and_look() {
    (void)open(true);
    find_out();
    probe();
    check_log();
}

bool World::open(bool must_succeed) {
    OpenReport report;
    try {
        store_ = LogStore::over(device_, options_, index_.file(), &report);
        if (report.index_rebuilt) index_may_be_damaged_ = false;
        note("it is opened" + (report.index_rebuilt ? ", the index rebuilt: " + report.index_rebuilt_because : ""));
        return true;
    } catch (const DamagedLog& error) {
        throw Mismatch(std::string("it takes its log for damaged: ") + error.what());
    } catch (const StorageError& error) {
        note(std::string("it cannot be opened: ") + error.what());
        if (must_succeed) throw Mismatch(std::string("it cannot be opened: ") + error.what());
        return false;
    }
}

void World::find_out() {
    model_.restart();
    std::string problems;
    try {
        compare_all(*store_, model_, random_);
        possible_.clear();
        return;
    } catch (const Mismatch& mismatch) {
        problems = mismatch.what();
    }
    for (auto& other : possible_) {
        other.restart();
        try {
            compare_all(*store_, other, random_);
            note("the commit whose outcome was unknown is there");
            model_ = std::move(other);
            possible_.clear();
            return;
        } catch (const Mismatch& mismatch) {
            problems += std::string("; or, with the commit whose outcome was unknown: ") + mismatch.what();
        }
    }
    throw Mismatch("after opening: " + problems);
}

/// Requests that must be refused, or be duplicates, because of what the store must remember.
void World::probe() {
    for (const auto& [incarnation, stream] : std::map(model_.streams())) {
        const auto messages = stream.framing() == Framing::json ? Messages::json("1").value() : Messages::bytes("1");
        for (const auto& [id, state] : stream.producers) {
            enqueue(AppendRequest{
                .stream = stream.path, .messages = messages, .producer = Producer{id, state.epoch, state.seq}});
            enqueue(AppendRequest{
                .stream = stream.path, .messages = messages, .producer = Producer{id, state.epoch, state.seq + 2}});
        }
        if (stream.stream_seq)
            enqueue(AppendRequest{.stream = stream.path, .messages = messages, .stream_seq = stream.stream_seq});
        if (stream.closed_by) {
            enqueue(AppendRequest{
                .stream = stream.path, .messages = messages, .producer = stream.closed_by, .close = true});
        }
    }
    drain();
}

void World::check_log() {
    const auto report = log::verify(*device_, {});
    require(report.sound(), "the log is not sound: " + (report.sound() ? std::string() : report.damage.front()));
}

}  // namespace foldback::model
