#include "foldback/app/projection_runner.hpp"

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "projection/entry.hpp"

namespace foldback {
namespace {

/// How often an injected clock is asked whether a wait is over.
constexpr std::chrono::milliseconds poll_every{5};

bool is_running(ProjectionState state) {
    switch (state) {
        case ProjectionState::catching_up:
        case ProjectionState::live:
        case ProjectionState::retrying: return true;
        case ProjectionState::paused:
        case ProjectionState::stopped:
        case ProjectionState::outdated: return false;
    }
    return false;
}

}  // namespace

const char* name_of(ProjectionState state) noexcept {
    switch (state) {
        case ProjectionState::catching_up: return "catching_up";
        case ProjectionState::live: return "live";
        case ProjectionState::retrying: return "retrying";
        case ProjectionState::paused: return "paused";
        case ProjectionState::stopped: return "stopped";
        case ProjectionState::outdated: return "outdated";
    }
    return "?";
}

struct ProjectionRunner::Impl {
    StreamStore& store;
    ProjectionRunnerOptions options;
    mutable std::mutex mutex;  ///< guards `entries` and `started`; entries stay where they are
    std::vector<std::unique_ptr<projection::Entry>> entries;
    bool started = false;
    std::mutex moved_mutex;
    std::condition_variable moved;

    Impl(StreamStore& on, ProjectionRunnerOptions with) : store(on), options(with) {}

    void notify() {
        { const std::lock_guard lock(moved_mutex); }
        moved.notify_all();
    }

    [[nodiscard]] projection::Entry* find(std::string_view name) const {
        const std::lock_guard lock(mutex);
        for (const auto& entry : entries) {
            if (entry->name() == name) return entry.get();
        }
        return nullptr;
    }

    [[nodiscard]] projection::Entry& at(std::string_view name) const {
        if (auto* entry = find(name)) return *entry;
        throw std::invalid_argument("no projection is named \"" + std::string(name) + "\"");
    }

    [[nodiscard]] std::vector<projection::Entry*> all() const {
        const std::lock_guard lock(mutex);
        std::vector<projection::Entry*> found;
        for (const auto& entry : entries) found.push_back(entry.get());
        return found;
    }

    Waited wait(projection::Entry& entry, Position position, std::chrono::milliseconds deadline) {
        if (entry.checkpoint() >= position) return Waited::reached;
        const projection::Entry::Hurry hurry(entry);
        while (true) {
            std::unique_lock lock(moved_mutex);
            if (entry.checkpoint() >= position) return Waited::reached;
            if (!entry.running() || !is_running(entry.state())) return Waited::not_running;
            if (options.clock->monotonic() >= deadline) return Waited::timed_out;
            moved.wait_for(lock, poll_every);
        }
    }

    static Waited step_to(projection::Entry& entry, Position position) {
        while (entry.checkpoint() < position) {
            if (!entry.step()) break;
        }
        if (entry.checkpoint() >= position) return Waited::reached;
        return is_running(entry.state()) ? Waited::timed_out : Waited::not_running;
    }
};

ProjectionRunner::ProjectionRunner(StreamStore& store, ProjectionRunnerOptions options)
    : impl_(std::make_unique<Impl>(store, options)) {
    require(store, {Capability::store_order}, "a ProjectionRunner");
}

ProjectionRunner::~ProjectionRunner() { stop(); }

void ProjectionRunner::add(ProjectionDefinition definition, std::shared_ptr<Database> database) {
    projection::check(definition);
    if (!database)
        throw std::invalid_argument("projection \"" + definition.name + "\": it needs a database for its checkpoint");
    if (impl_->find(definition.name) != nullptr)
        throw std::invalid_argument("a projection is named \"" + definition.name + "\" already");
    auto entry = std::make_unique<projection::Entry>(impl_->store, impl_->options, std::move(definition),
                                                     std::move(database), [impl = impl_.get()] { impl->notify(); });
    const std::lock_guard lock(impl_->mutex);
    if (impl_->started) entry->start();
    impl_->entries.push_back(std::move(entry));
}

void ProjectionRunner::start() {
    if (!impl_->options.background_threads) throw std::logic_error("this runner has no threads: step it");
    const std::lock_guard lock(impl_->mutex);
    impl_->started = true;
    for (const auto& entry : impl_->entries) entry->start();
}

void ProjectionRunner::stop() {
    for (auto* entry : impl_->all()) entry->stop();
    const std::lock_guard lock(impl_->mutex);
    impl_->started = false;
    impl_->notify();
}

bool ProjectionRunner::step() {
    bool more = false;
    for (auto* entry : impl_->all()) more = entry->step() || more;
    return more;
}

void ProjectionRunner::run_until_caught_up() {
    // What one projection leads to (a command that is dispatched) is new to those that were asked before it.
    for (auto seen = Position{UINT64_MAX}; seen != impl_->store.tail();) {
        seen = impl_->store.tail();
        while (step()) {
        }
    }
}

Waited ProjectionRunner::wait_for(std::string_view name, Position position, std::chrono::milliseconds timeout) {
    auto& entry = impl_->at(name);
    if (!impl_->options.background_threads) return Impl::step_to(entry, position);
    return impl_->wait(entry, position, impl_->options.clock->monotonic() + timeout);
}

Waited ProjectionRunner::wait_for_all(Position position, std::chrono::milliseconds timeout) {
    const auto deadline = impl_->options.clock->monotonic() + timeout;
    auto outcome = Waited::reached;
    for (auto* entry : impl_->all()) {
        const auto one = impl_->options.background_threads ? impl_->wait(*entry, position, deadline)
                                                           : Impl::step_to(*entry, position);
        if (outcome == Waited::reached) outcome = one;
    }
    return outcome;
}

ProjectionStatus ProjectionRunner::status(std::string_view name) const { return impl_->at(name).status(); }

std::vector<ProjectionStatus> ProjectionRunner::statuses() const {
    std::vector<ProjectionStatus> all;
    for (const auto* entry : impl_->all()) all.push_back(entry->status());
    return all;
}

void ProjectionRunner::pause(std::string_view name) {
    impl_->at(name).between_batches([](projection::FoldTask& task) { task.pause(); });
}

void ProjectionRunner::resume(std::string_view name) {
    impl_->at(name).between_batches([](projection::FoldTask& task) { task.resume(); });
}

void ProjectionRunner::reset(std::string_view name) {
    impl_->at(name).between_batches([](projection::FoldTask& task) { task.reset(); });
}

void ProjectionRunner::move(std::string_view name, Position position) {
    impl_->at(name).between_batches([&](projection::FoldTask& task) { task.move(position); });
}

std::vector<ParkedEvent> ProjectionRunner::parked(std::string_view name, std::size_t limit) const {
    return impl_->at(name).parked(limit);
}

ParkedRetry ProjectionRunner::retry_parked(std::string_view name, std::string_view key) {
    return impl_->at(name).between_batches([&](projection::FoldTask& task) { return task.retry_parked(key); });
}

bool ProjectionRunner::drop_parked(std::string_view name, Position position) {
    return impl_->at(name).between_batches([&](projection::FoldTask& task) { return task.drop_parked(position); });
}

void ProjectionRunner::start_rebuild(std::string_view name, RebuildOptions options) {
    impl_->at(name).start_rebuild(options);
}

std::optional<RebuildProgress> ProjectionRunner::rebuild_progress(std::string_view name) const {
    return impl_->at(name).rebuild_progress();
}

RebuildDiff ProjectionRunner::diff_rebuild(std::string_view name, std::size_t max_rows) {
    return impl_->at(name).diff_rebuild(max_rows);
}

void ProjectionRunner::swap_rebuild(std::string_view name) { impl_->at(name).swap_rebuild(); }
void ProjectionRunner::discard_rebuild(std::string_view name) { impl_->at(name).discard_rebuild(); }

}  // namespace foldback
