#include "projection/entry.hpp"

#include <algorithm>
#include <stdexcept>

namespace foldback::projection {

Entry::Entry(StreamStore& store, const ProjectionRunnerOptions& options, ProjectionDefinition definition,
             std::shared_ptr<Database> database, std::function<void()> moved)
    : store_(store),
      options_(options),
      definition_(std::move(definition)),
      moved_(std::move(moved)),
      live_(store, options, definition_, std::move(database)),
      rebuild_file_(Rebuild::file_beside(live_.database(), definition_.name)),
      pace_(options.batch_interval),
      lane_(
          store, [this] { return step_live(); }, [this] { moved_(); }),
      rebuild_lane_(
          store, [this] { return step_rebuild(); },
          [this] {
              finish_swap_if_due();
              moved_();
          }) {
    const auto origin = first_position();
    live_.open(
        {.fingerprint = fingerprint_of(definition_), .origin = origin, .checkpoint = origin, .high_water = origin});
    const auto interrupted = Rebuild::interrupted(rebuild_file_, definition_);
    if (interrupted && *interrupted != live_.ledger().rebuild) {
        start_rebuild({.swap_when_caught_up = definition_.on_change == OnChange::rebuild && live_.outdated()});
    } else {
        Rebuild::remove_files(rebuild_file_);  // of another definition, or swapped in just before a crash
    }
    if (live_.outdated()) apply_change();
}

Entry::~Entry() {
    stop();
    // A database in memory does not outlive the process, so neither need its rebuild.
    if (rebuild_ && live_.database().file().empty()) {
        rebuild_.reset();
        Rebuild::remove_files(rebuild_file_);
    }
}

Position Entry::first_position() const {
    const ProjectionStart usual =
        definition_.kind == ProjectionKind::fold ? ProjectionStart{FromBeginning{}} : ProjectionStart{FromNow{}};
    const auto start = definition_.start.value_or(usual);
    if (const auto* position = std::get_if<Position>(&start)) return *position;
    return std::holds_alternative<FromNow>(start) ? store_.tail() : Position{};
}

void Entry::apply_change() {
    switch (definition_.on_change) {
        case OnChange::wait: return;
        case OnChange::reset: live_.reset(); return;
        case OnChange::rebuild:
            if (definition_.sink) return live_.reset();
            if (!rebuild_) start_rebuild({.swap_when_caught_up = true});
            return;
    }
}

ProjectionStatus Entry::status() const {
    auto status = live_.status();
    status.tail = store_.tail();
    if (status.error.empty()) status.error = swap_error();
    if (status.checkpoint >= status.tail) return status;
    status.lag_events = status.tail.value - status.checkpoint.value;
    const auto page = store_.read_feed({.from = status.checkpoint, .max_bytes = 1, .max_messages = 1});
    if (!page.messages.empty()) {
        const auto waited = options_.clock->now() - page.messages.front().committed_at;
        status.lag = std::max(std::chrono::milliseconds{0}, waited);
    }
    return status;
}

void Entry::start() {
    lane_.start();
    rebuild_lane_.start();
}

void Entry::stop() {
    lane_.stop();
    rebuild_lane_.stop();
    try {
        const auto turn = lane_.hold();
        live_.save();
        const auto rebuild_turn = rebuild_lane_.hold();
        if (rebuild_) rebuild_->task().save();
    } catch (const std::exception&) {
        // What was not stored is passed over again.
    }
}

bool Entry::step() {
    const bool live = lane_.step_once();
    const bool rebuild = rebuild_lane_.step_once();
    return live || rebuild;
}

Lane::Next Entry::after_step(FoldTask& task, bool moved) const {
    const auto state = task.status().state;
    switch (state) {
        case ProjectionState::catching_up: return {.again = moved};
        case ProjectionState::live: return {.feed = task.checkpoint()};
        case ProjectionState::retrying: return {.poll = true};
        case ProjectionState::paused:
        case ProjectionState::stopped:
        case ProjectionState::outdated: return {};
    }
    return {};
}

Lane::Next Entry::step_live() {
    const bool moved = live_.step();
    auto next = after_step(live_, moved);
    // Nothing to do although it has not caught up yet: the store has nothing new.
    if (!next.again && !next.feed && !next.poll && live_.status().state == ProjectionState::catching_up)
        next.feed = live_.checkpoint();
    const auto rest = pace_.rest_after(std::chrono::steady_clock::now());
    if (next.feed && hurried_by_ == 0) next.rest = rest;
    return next;
}

Lane::Next Entry::step_rebuild() {
    if (!rebuild_) return {};
    const bool moved = rebuild_->task().step();
    const auto next = after_step(rebuild_->task(), moved);
    if (!next.feed || !swap_when_caught_up_) return next;
    if (!swap_retry_at_ || options_.clock->monotonic() >= *swap_retry_at_) swap_due_ = true;
    return {.poll = true};  // the swap comes after this step, and may fail
}

void Entry::start_rebuild(RebuildOptions options) {
    if (definition_.sink) throw std::invalid_argument("a sink has no tables to build beside the live ones: reset it");
    if (definition_.kind == ProjectionKind::reaction)
        throw std::invalid_argument("a reaction is not rebuilt: it must not act again");
    const auto& objects = live_.objects();
    if (std::any_of(objects.begin(), objects.end(), [](const SchemaObject& object) { return object.is_virtual; })) {
        throw std::invalid_argument("virtual tables cannot be swapped: reset the projection");
    }
    {
        const auto turn = lane_.hold();
        const auto rebuild_turn = rebuild_lane_.hold();
        swap_when_caught_up_ = options.swap_when_caught_up;
        if (!rebuild_) {
            rebuild_ = std::make_unique<Rebuild>(store_, options_, definition_, live_.ledger(), rebuild_file_);
            forget_failed_swaps();
        }
    }
    rebuild_lane_.wake();
}

std::optional<RebuildProgress> Entry::rebuild_progress() {
    const auto turn = rebuild_lane_.hold();
    if (!rebuild_) return std::nullopt;
    const auto status = rebuild_->task().status();
    const auto tail = store_.tail();
    const auto origin = rebuild_->task().ledger().origin;
    RebuildProgress progress{.checkpoint = status.checkpoint,
                             .tail = tail,
                             .events_done = status.checkpoint.value - origin.value,
                             .events_total = tail.value - origin.value,
                             .events_per_second = status.events_per_second,
                             .time_left = std::nullopt,
                             .caught_up = status.checkpoint >= tail,
                             .state = status.state,
                             .error = status.error};
    const bool well = progress.state == ProjectionState::live || progress.state == ProjectionState::catching_up;
    if (swap_retry_at_ && well) {
        progress.state = ProjectionState::retrying;
        progress.error = swap_error();
    }
    if (progress.events_per_second > 0) {
        const auto left = static_cast<double>(tail.value - status.checkpoint.value);
        progress.time_left =
            std::chrono::milliseconds{static_cast<std::int64_t>(1000 * left / progress.events_per_second)};
    }
    return progress;
}

Rebuild& Entry::rebuild_or_throw() const {
    if (!rebuild_)
        throw std::invalid_argument("no rebuild of the projection \"" + definition_.name + "\" is under way");
    return *rebuild_;
}

void Entry::bring_level(bool also_live) {
    auto& rebuilt = rebuild_or_throw().task();
    // First both as far as the further one, so that neither has to go back.
    const auto wanted = std::max(live_.checkpoint(), rebuilt.checkpoint());
    const auto bring = [&](FoldTask& task) {
        while (task.checkpoint() < wanted && task.step(wanted)) {
            if (task.status().state != ProjectionState::catching_up && task.status().state != ProjectionState::live)
                return;
        }
    };
    bring(rebuilt);
    if (also_live) bring(live_);
    rebuilt.save();
    live_.save();
    if (rebuilt.checkpoint() < live_.checkpoint()) {
        throw std::runtime_error("the rebuild cannot come as far as the live tables: " + rebuilt.status().error);
    }
}

RebuildDiff Entry::diff_rebuild(std::size_t max_rows) {
    const auto turn = lane_.hold();
    const auto rebuild_turn = rebuild_lane_.hold();
    bring_level(true);
    auto diff = diff_tables(live_.database(), *rebuild_, max_rows);
    diff.live = live_.checkpoint();
    diff.rebuilt = rebuild_->task().checkpoint();
    return diff;
}

void Entry::swap_now() {
    bring_level(false);
    rebuild_->close();
    live_.doubt();
    try {
        swap_tables(live_.database(), rebuild_->file(), live_, definition_);
    } catch (...) {
        const auto reason = std::current_exception();
        try {
            rebuild_->open();
        } catch (const std::exception&) {
            rebuild_.reset();  // its file stays: the next start_rebuild goes on with it
        }
        std::rethrow_exception(reason);
    }
    rebuild_.reset();
    live_.reload();
    swap_due_ = false;
    forget_failed_swaps();
    Rebuild::remove_files(rebuild_file_);
}

void Entry::swap_rebuild() {
    {
        const auto turn = lane_.hold();
        const auto rebuild_turn = rebuild_lane_.hold();
        swap_now();
    }
    lane_.wake();
    moved_();
}

void Entry::finish_swap_if_due() {
    if (!swap_due_.exchange(false)) return;
    {
        const auto turn = lane_.hold();
        const auto rebuild_turn = rebuild_lane_.hold();
        try {
            if (rebuild_ && swap_when_caught_up_) swap_now();
        } catch (const std::exception& error) {
            swap_failed(error.what());
        }
    }
    lane_.wake();
}

/// The rebuild is still there; a later step tries again.
void Entry::swap_failed(const std::string& error) {
    ++failed_swaps_;
    swap_retry_at_ = options_.clock->monotonic() + delay_after(definition_.retry, failed_swaps_);
    const std::lock_guard lock(swap_error_mutex_);
    swap_error_ = "its rebuild cannot be swapped in: " + error;
}

void Entry::forget_failed_swaps() {
    failed_swaps_ = 0;
    swap_retry_at_.reset();
    const std::lock_guard lock(swap_error_mutex_);
    swap_error_.clear();
}

std::string Entry::swap_error() const {
    const std::lock_guard lock(swap_error_mutex_);
    return swap_error_;
}

void Entry::discard_rebuild() {
    const auto turn = rebuild_lane_.hold();
    rebuild_.reset();
    forget_failed_swaps();
    Rebuild::remove_files(rebuild_file_);
}

}  // namespace foldback::projection
