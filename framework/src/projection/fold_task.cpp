#include "projection/fold_task.hpp"

#include <algorithm>
#include <stdexcept>

#include "app/connection.hpp"

namespace foldback::projection {
namespace {

/// FNV-1a over texts with their sizes.
class Fingerprint {
public:
    void add(std::string_view text) {
        add(text.size());
        for (const char byte : text) mix(static_cast<unsigned char>(byte));
    }
    void add(std::uint64_t number) {
        for (int shift = 0; shift < 64; shift += 8) mix(static_cast<unsigned char>(number >> shift));
    }
    void add(const std::vector<std::string>& texts) {
        add(texts.size());
        for (const auto& text : texts) add(text);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

private:
    void mix(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001B3U; }

    std::uint64_t value_ = 0xCBF29CE484222325U;
};

bool is_name(const std::string& name) {
    const auto is_fine = [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
               byte == '-' || byte == '_' || byte == '.';
    };
    return !name.empty() && name.size() <= 100 && std::all_of(name.begin(), name.end(), is_fine);
}

}  // namespace

std::uint64_t fingerprint_of(const ProjectionDefinition& definition) {
    Fingerprint fingerprint;
    fingerprint.add(definition.version);
    fingerprint.add(definition.schema);
    fingerprint.add(definition.events.categories);
    fingerprint.add(definition.events.prefixes);
    fingerprint.add(definition.events.types);
    if (definition.state_stream) fingerprint.add(definition.state_stream->stream.text());
    return fingerprint.value();
}

void check(const ProjectionDefinition& definition) {
    const auto require = [&](bool holds, const char* sentence) {
        if (!holds) throw std::invalid_argument("projection \"" + definition.name + "\": " + sentence);
    };
    require(is_name(definition.name), "its name is not 1 to 100 of letters, digits, '-', '_' and '.'");
    require(static_cast<bool>(definition.apply) != static_cast<bool>(definition.sink),
            "it needs either apply or a sink");
    require(!definition.sink || !definition.prepare, "prepare goes with apply; a sink prepares by itself");
    require(!definition.sink || definition.schema.empty(), "a schema goes with apply");
    require(!definition.sink || !definition.state_stream, "a State stream goes with apply");
    require(!definition.state_stream || !Filter(definition.events).includes(definition.state_stream->stream.text()),
            "it would get what it publishes to its State stream as events");
    require(definition.parallelism >= 1 && definition.parallelism <= 256, "its parallelism is not 1 to 256");
    require(definition.batch_events >= 1 && definition.batch_bytes >= 1, "its batches are empty");
    require(definition.retry.first_delay.count() >= 0 && definition.retry.factor >= 1,
            "its retries come faster and faster");
    for (const auto& category : definition.events.categories) {
        require(StreamPath::problem_with(category).empty(), "a category is no beginning of a path");
    }
}

FoldTask::FoldTask(StreamStore& store, const ProjectionRunnerOptions& options, const ProjectionDefinition& definition,
                   std::shared_ptr<Database> database, Role role)
    : store_(store),
      options_(options),
      definition_(definition),
      database_(std::move(database)),
      filter_(definition.events),
      books_(definition.name),
      objects_(objects_of(definition.schema)),
      batch_events_(definition.batch_events) {
    if (!definition.state_stream) return;
    state_tables_.emplace(definition.state_stream->stream, definition.name);
    if (role == Role::live) state_publisher_.emplace(store, *definition.state_stream);
}

void FoldTask::create(ReadModel& model, const Ledger& fresh) {
    if (const auto taken = books_.taken(model, objects_)) {
        throw std::invalid_argument("projection \"" + definition_.name + "\": " + *taken +
                                    " is in the database and not its own");
    }
    model.script(definition_.schema);
    books_.save_objects(model, objects_);
    books_.insert(model, fresh);
}

void FoldTask::open(const Ledger& fresh) {
    // Where it began must not be lost with the power: it would begin again where the store ends by then.
    database_->impl().write_durably([&](ReadModel& model) {
        Bookkeeping::create_tables(model);
        if (!books_.load(model)) create(model, fresh);
        if (state_tables_) state_tables_->open(model);
    });
    know_ledger();
    (void)look_at_state_stream();  // so that it is there for readers from the start
}

void FoldTask::reload() {
    is_stale_ = true;
    caught_up_ = false;
    taken_ahead_.clear();
    if (state_publisher_) state_publisher_->forget();
    forget_failure();
    (void)knows_ledger();
    publish();
}

bool FoldTask::knows_ledger() {
    try {
        know_ledger();
        return true;
    } catch (const std::exception& error) {
        retry_later({.error = error.what(), .environment = true}, ++attempts_, std::nullopt);
        return false;
    }
}

void FoldTask::know_ledger() {
    if (!is_stale_) return;
    const auto before = ledger_;
    database_->read([&](ReadModel& model) {
        const auto ledger = books_.load(model);
        if (!ledger) throw DatabaseError("the projection " + definition_.name + " is gone from its database", 0, true);
        ledger_ = *ledger;
        parked_keys_ = books_.parked_keys(model);
        parked_count_ = books_.count_parked(model);
    });
    if (definition_.sink) {
        if (const auto own = definition_.sink->checkpoint()) {
            sink_keeps_checkpoint_ = true;
            if (before.checkpoint == *own && ledger_.checkpoint != *own) {  // what was stored beside it did not happen
                ledger_.applied = before.applied;
                ledger_.skipped = before.skipped;
            }
            ledger_.checkpoint = *own;
            ledger_.high_water = std::max(ledger_.high_water, *own);
        }
    }
    outdated_ = ledger_.fingerprint != fingerprint_of(definition_);
    become(ledger_);
    publish();
}

bool FoldTask::may_retry() const { return !retry_at_ || options_.clock->monotonic() >= *retry_at_; }

bool FoldTask::ready() const { return !outdated_ && !ledger_.paused && !stopped_ && may_retry(); }

bool FoldTask::step(Position until) {
    const bool was_stale = is_stale_;
    if (was_stale) {
        if (!may_retry()) return false;
        if (!knows_ledger()) {
            publish();
            return true;
        }
        if (outdated_ || ledger_.paused) forget_failure();
    }
    if (!ready()) return false;
    if (ledger_.checkpoint >= until) return false;
    if (!look_at_state_stream()) return true;
    FeedPage page;
    try {
        page = store_.read_feed({.from = ledger_.checkpoint,
                                 .prefix = filter_.common_prefix(),
                                 .prefixes = filter_.prefixes(),
                                 .max_bytes = definition_.batch_bytes,
                                 .max_messages = batch_events_});
    } catch (const StorageError& error) {
        retry_later({.error = error.what(), .environment = true}, ++attempts_, std::nullopt);
        publish();
        return true;
    }
    if (page.tail < ledger_.checkpoint) {
        stop("its checkpoint " + std::to_string(ledger_.checkpoint.value) + " lies beyond the store's tail " +
                 std::to_string(page.tail.value) + ": another store, or one that lost data",
             std::nullopt);
        publish();
        return false;
    }
    const auto next = std::min(page.next, until);
    const auto before = ledger_.checkpoint;
    std::erase_if(page.messages,
                  [&](const FeedMessage& event) { return event.position >= until || !filter_.matches(event); });
    try {
        if (page.messages.empty()) {
            if (was_stale) forget_failure();  // what failed is stored, or there is nothing left of it to do
            pass_over(next);
        } else {
            apply(page.messages, next);
        }
    } catch (const std::exception& error) {  // of the database or of a sink, and not of an event
        retry_later({.error = error.what(), .environment = true}, ++attempts_, failing_);
    }
    rate_.add(options_.clock->monotonic(), ledger_.checkpoint.value - before.value);
    caught_up_ = ledger_.checkpoint >= page.tail;
    publish_state();
    publish();
    return true;
}

void FoldTask::pass_over(Position next) {
    if (next == ledger_.checkpoint) return;
    ledger_ = moved_to(next);
    forget_failure();
    const auto due = ledger_.checkpoint.value - saved_.value >= options_.checkpoint_events ||
                     options_.clock->monotonic() - saved_at_ >= options_.checkpoint_every;
    if (due) save();
}

void FoldTask::save() {
    know_ledger();
    if (outdated_ || saved_ == ledger_.checkpoint) return;
    if (definition_.sink) {
        commit_sink(ledger_, {});
    } else {
        store(ledger_);
    }
}

void FoldTask::store(const Ledger& ledger, const std::function<void(ReadModel&)>& more) {
    is_stale_ = true;
    database_->write([&](ReadModel& model) {
        if (more) more(model);
        books_.save(model, ledger);
    });
    become(ledger);
}

void FoldTask::forget_failure() {
    stopped_ = false;
    error_.clear();
    failing_.reset();
    attempts_ = 0;
    retry_at_.reset();
}

void FoldTask::stop(std::string error, std::optional<Position> failing) {
    ++failures_;
    stopped_ = true;
    retry_at_.reset();
    error_ = std::move(error);
    failing_ = failing;
}

void FoldTask::pause() {
    know_ledger();
    auto ledger = ledger_;
    ledger.paused = true;
    store(ledger);
    publish();
}

void FoldTask::resume() {
    know_ledger();
    auto ledger = ledger_;
    ledger.paused = false;
    store(ledger);
    forget_failure();
    publish();
}

void FoldTask::reset() {
    know_ledger();
    auto ledger = ledger_;
    ledger.fingerprint = fingerprint_of(definition_);
    ledger.checkpoint = ledger.origin;
    ledger.applied = 0;
    ledger.skipped = 0;
    is_stale_ = true;
    if (definition_.sink) definition_.sink->reset();
    database_->write([&](ReadModel& model) {
        if (const auto taken = books_.taken(model, objects_)) {
            throw std::invalid_argument("projection \"" + definition_.name + "\": " + *taken +
                                        " is in the database and not its own");
        }
        drop_objects(model, books_.objects(model));
        model.script(definition_.schema);
        books_.save_objects(model, objects_);
        books_.unpark_all(model);
        if (state_tables_) state_tables_->begin_anew(model);
        books_.save(model, ledger);
    });
    if (sink_keeps_checkpoint_) definition_.sink->flush(ledger.checkpoint);
    reload();
}

void FoldTask::move(Position position) {
    if (position > store_.tail()) throw std::invalid_argument("a projection cannot be moved beyond the store's tail");
    know_ledger();
    auto ledger = ledger_;
    ledger.checkpoint = position;
    ledger.high_water = std::max(ledger.high_water, position);
    store(ledger);
    if (sink_keeps_checkpoint_) definition_.sink->flush(position);
    reload();
}

void FoldTask::publish() {
    const std::lock_guard lock(status_mutex_);
    status_.name = definition_.name;
    status_.state = is_stale_        ? ProjectionState::retrying
                    : outdated_      ? ProjectionState::outdated
                    : ledger_.paused ? ProjectionState::paused
                    : stopped_       ? ProjectionState::stopped
                    : retry_at_      ? ProjectionState::retrying
                    : caught_up_     ? ProjectionState::live
                                     : ProjectionState::catching_up;
    status_.checkpoint = ledger_.checkpoint;
    status_.applied = ledger_.applied;
    status_.skipped = ledger_.skipped;
    status_.parked_events = parked_count_;
    status_.parked_keys = parked_keys_.size();
    status_.attempts = attempts_;
    status_.failures = failures_;
    status_.error = error_;
    status_.failing = failing_;
    shown_rate_ = rate_;
    // Last: who waited for this checkpoint asks for the status next, and finds the one that goes with it.
    checkpoint_.store(ledger_.checkpoint.value, std::memory_order_release);
}

ProjectionStatus FoldTask::status() const {
    const std::lock_guard lock(status_mutex_);
    auto status = status_;
    status.events_per_second = shown_rate_.per_second(options_.clock->monotonic());
    return status;
}

}  // namespace foldback::projection
