#include "model/world.hpp"

#include <algorithm>

#include "log/verify.hpp"

namespace foldback::model {
namespace {

constexpr std::size_t journal_lines = 120;

template <class Outcome>
std::optional<Refusal> refusal_of(const Outcome& outcome) {
    const auto reason = [](const auto& result) {
        return result.has_value() ? std::nullopt : std::optional(result.error().reason);
    };
    return std::visit(reason, outcome);
}

}  // namespace

World::World(std::uint64_t seed, const Swarm& swarm)
    : random_(seed),
      swarm_(swarm),
      device_(std::make_shared<FaultyDevice>(seed)),
      model_(clock_, 4 + seed % 3),
      generator_(random_, model_, clock_) {
    options_.max_producers_per_stream = 4 + seed % 3;
    choose_options();
}

// What is still queued is answered while it is destroyed.
World::~World() { store_.reset(); }

void World::choose_options() {
    const auto one_of = [&](auto... values) {
        const std::array<std::uint64_t, sizeof...(values)> all{static_cast<std::uint64_t>(values)...};
        return all[below(random_, all.size())];
    };
    options_.clock = &clock_;
    options_.background_threads = false;
    options_.segment_bytes = one_of(96 << 10, 128 << 10, 256 << 10, 512 << 10);
    options_.checkpoint_bytes = one_of(1 << 10, 16 << 10, 128 << 10);
    options_.max_resident_streams = one_of(1, 3, 8, 1000);
    options_.max_commit_bytes = one_of(2 << 10, 64 << 10, 8 << 20);
    options_.rewrite_dead_fraction = static_cast<double>(one_of(5, 30, 60)) / 100;
}

void World::note(std::string line) {
    journal_.push_back(std::move(line));
    if (journal_.size() > journal_lines) journal_.pop_front();
}

std::string World::journal() const {
    std::string text;
    for (const auto& line : journal_) text += "    " + line + "\n";
    return text;
}

bool World::may_have_failed() const {
    return device_->faults_injected() > faults_before_life_ || power_may_fail_ || index_may_be_damaged_;
}

void World::run() {
    require(open(true), "the first opening failed");
    const auto lives = 3 + below(random_, 4);
    for (std::uint64_t life = 0; life < lives; ++life) {
        (void)surviving_a_damaged_index([&] { live(); });
        end_life();
        reopen();
    }
}

/// Whoever meets the damage gets an error, and the next opening makes a new index.
bool World::surviving_a_damaged_index(const std::function<void()>& work) {
    try {
        work();
        return true;
    } catch (const StorageError& error) {
        note(std::string("the damage is noticed: ") + error.what());
        if (!index_may_be_damaged_) throw;
        return false;
    }
}

void World::live() {
    begin_faults();
    const auto steps = 40 + below(random_, 160);
    for (std::uint64_t i = 0; i < steps; ++i) step();
    if (chance(random_, 50)) drain();
}

void World::begin_faults() {
    faults_before_life_ = device_->faults_injected();
    const bool calm = chance(random_, 25);
    FaultyDevice::Faults faults;
    if (!calm) {
        faults.short_write = swarm_.short_write;
        faults.sync_fails = swarm_.sync_fails;
        faults.write_fails = swarm_.write_fails;
        faults.read_fails = swarm_.read_fails;
        if (swarm_.full_disk)
            faults.capacity_bytes = device_->used_bytes() + below(random_, 3 * options_.segment_bytes);
    }
    space_may_run_out_ = !calm && (swarm_.full_disk || swarm_.single_faults);
    power_may_fail_ = !calm && swarm_.midway && chance(random_, 60);
    device_->set_faults(faults);
    if (power_may_fail_) device_->lose_power_after(below(random_, 150));
    if (!calm && swarm_.single_faults) {
        const bool full = chance(random_, 50);
        device_->fail_once_after(below(random_, 150), full ? std::errc::no_space_on_device : std::errc::io_error);
    }
    note(calm ? "---- a calm life" : "---- a life");
}

void World::step() {
    const auto dice = below(random_, 1000);
    if (dice < 620) return enqueue(generator_.next());
    if (dice < 760) return (void)commit();
    if (dice < 890) return look();
    if (dice < 910) return renew();
    if (dice < 930) {
        note("time passes");
        return clock_.advance(std::chrono::milliseconds{below(random_, 30'000)});
    }
    if (dice < 950) {
        const bool saved = store_->run_one(LogStore::Work::checkpoint);
        return note(saved ? "checkpoint" : "nothing to save");
    }
    if (dice < 980) return rewrite();
    if (dice < 990) return expire();
    if (dice < 995 && !index_may_be_damaged_) {
        note("the index is copied");
        return index_.keep_copy(random_);
    }
    drain();
}

void World::enqueue(Operation operation) {
    const auto id = queued_.size();
    note("#" + std::to_string(id) + " " + describe(operation));
    ++operations_;
    queued_.push_back(operation);
    submit(*store_, std::move(operation), [this, id](Outcome outcome) {
        completed_.push_back({id, std::move(outcome)});
    });
    if (!completed_.empty()) {
        require(store_->stats().broken, "a request was answered before it was committed");
        completed_.clear();
    }
}

bool World::commit() {
    const bool was_broken = store_->stats().broken;
    const bool worked = store_->run_one(LogStore::Work::commit);
    const bool breaking = store_->stats().broken && !was_broken;
    note(breaking ? "the store breaks" : worked ? "a commit" : "nothing to commit");
    if (breaking) require(may_have_failed(), "the store broke, but its device did not fail");
    std::vector<std::size_t> group;
    for (const auto& completed : completed_) {
        settle(completed, breaking);
        if (refusal_of(completed.outcome) == Refusal::broken) group.push_back(completed.operation);
    }
    completed_.clear();
    if (breaking) forget_broken_group(group);
    return worked;
}

void World::settle(const Completed& completed, bool breaking) {
    const auto& operation = queued_[completed.operation];
    const auto refusal = refusal_of(completed.outcome);
    if (refusal == Refusal::broken)
        return require(breaking || store_->stats().broken, "broken, it says, but it is not");
    if (refusal == Refusal::full) return require(space_may_run_out_, "there was space, but it says full");
    try {
        apply_and_compare(completed.outcome, model_, operation);
    } catch (const Mismatch& mismatch) {
        throw Mismatch("#" + std::to_string(completed.operation) + ": " + mismatch.what());
    }
}

/// The commit that failed may be in the log all the same: whole, or not at all.
void World::forget_broken_group(const std::vector<std::size_t>& group) {
    possible_.push_back(model_);
    auto& with_it = possible_.back();
    for (const auto id : group) std::visit([&](const auto& request) { (void)with_it.apply(request); }, queued_[id]);
    ++unknown_outcomes_;
}

void World::drain() {
    while (commit()) {
    }
}

/// The deletions have no outcome that could be seen; whether they were committed says the number of commits.
void World::expire() {
    drain();
    if (store_->stats().broken) return;
    const bool expected = model_.has_expired();
    const bool queued = store_->run_one(LogStore::Work::expire);
    require(queued || !expected, "an expired stream is not noticed");
    auto after = model_;
    after.expire();
    const auto commits = store_->stats().commits;
    while (store_->run_one(LogStore::Work::commit)) {
    }
    note("expired streams are deleted");
    if (store_->stats().broken) {
        require(may_have_failed(), "the store broke, but its device did not fail");
        possible_.push_back(std::move(after));
        return;
    }
    if (store_->stats().commits > commits)
        model_ = std::move(after);
    else
        require(!expected || space_may_run_out_, "expired streams were not deleted");
}

void World::rewrite() {
    try {
        const bool done = store_->run_one(LogStore::Work::rewrite);
        note(done ? "a segment is rewritten" : "nothing to rewrite");
    } catch (const StorageError& error) {
        note(std::string("rewriting fails: ") + error.what());
        require(may_have_failed(), "rewriting failed, but the device did not");
    }
}

void World::look() {
    try {
        const auto dice = below(random_, 10);
        if (dice == 0) return compare_feed(*store_, model_, chance(random_, 50) ? "" : "a/", random_);
        if (dice == 1) return compare_list(*store_, model_, chance(random_, 50) ? "" : "b/", random_);
        if (dice < 4) return compare_head(*store_, model_, generator_.any_path());
        compare_read(*store_, model_, generator_.any_path(), random_);
    } catch (const StorageError& error) {
        note(std::string("a read fails: ") + error.what());
        require(may_have_failed(), std::string("a read failed, but the device did not: ") + error.what());
    }
}

void World::renew() {
    const auto path = generator_.any_path();
    note("a read renews " + path);
    // It counts as a read even when the device then fails.
    if (model_.find(path) != nullptr) model_.touch(path);
    try {
        (void)store_->read({.stream = path, .max_messages = 1});
    } catch (const StorageError&) {
        require(may_have_failed(), "a read failed, but the device did not");
    }
}

}  // namespace foldback::model
