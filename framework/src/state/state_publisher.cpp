#include "state/state_publisher.hpp"

#include <charconv>
#include <functional>

#include "foldback/state/materialized_state.hpp"

namespace foldback::state {
namespace {

/// Of one append.
constexpr std::size_t max_messages = 1'000;
constexpr std::size_t max_bytes = 1 << 20;

std::string txid(const std::string& generation, std::int64_t change) {
    return generation + "-" + std::to_string(change);
}

/// A row that has changed: what readers must be told of it.
StateChange change_of(const Row& row) {
    const bool removed = row.is_null(2);
    const bool published = row.get<bool>(4);
    // A row that came and went unpublished is deleted all the same: that harms nobody, and an append whose outcome is not
    // known leaves no ghost.
    const auto operation = removed     ? StateOperation::remove
                           : published ? StateOperation::update
                                       : StateOperation::insert;
    return {.operation = operation,
            .type = std::string(row.text(0)),
            .key = std::string(row.text(1)),
            .value = removed ? std::string_view() : row.text(2),
            .txid = {}};
}

}  // namespace

/// Messages on their way to the stream, a bounded number at a time.
class StatePublisher::Batch {
public:
    explicit Batch(StatePublisher& publisher) : publisher_(publisher) {}

    void add(const StateMessage& message) {
        messages_.push_back(to_text(message));
        bytes_ += messages_.back().size();
        if (messages_.size() >= max_messages || bytes_ >= max_bytes) flush();
    }
    void flush() {
        if (messages_.empty()) return;
        publisher_.append(std::exchange(messages_, {}));
        bytes_ = 0;
    }

private:
    StatePublisher& publisher_;
    std::vector<std::string> messages_;
    std::size_t bytes_ = 0;
};

StatePublisher::Progress StatePublisher::progress(Database& database) const {
    Progress progress;
    database.read([&](ReadModel& model) {
        model.query("SELECT generation, last_change, published FROM foldback_state_streams WHERE stream = ?",
                    {options_.stream.text()}, [&](const Row& row) {
                        progress = {.generation = row.get<std::string>(0),
                                    .last_change = row.integer(1),
                                    .published = row.integer(2)};
                    });
    });
    return progress;
}

void StatePublisher::append(std::vector<std::string> messages) {
    const auto appended = store_.append({.stream = options_.stream,
                                         .messages = Messages::trusted_json(std::span<const std::string>(messages)),
                                         .expected_point = tail_});
    tail_ = appended.value().next;
}

void StatePublisher::look(Database& database) {
    if (standing_ != Standing::unknown) return;
    const auto info = store_.head(options_.stream);
    if (info) {
        if (framing_of(info->config.content_type) != Framing::json)
            throw StorageError(options_.stream.text() + " is no JSON stream: no State can be published to it");
        tail_ = info->tail;
    } else {
        tail_ = store_.create({.stream = options_.stream, .config = {.content_type = "application/json"}})
                    .value()
                    .info.tail;
    }
    const auto known = progress(database);
    auto number = published_number(known);
    if (!number && known.last_change > 0) {
        // Nothing says how far the stream is: a snapshot does not, nor does what others wrote.
        const auto held = fold_stream();
        if (held && agrees(database, *held)) number = known.last_change;
    }
    if (number && *number > known.published) settle(database, *number);
    standing_ = number ? Standing::in_step : Standing::out_of_step;
}

/// The number of the change that the stream ends with; absent when it does not end with one of this generation, or with one
/// that SQLite does not know or has seen surpassed.
std::optional<std::int64_t> StatePublisher::published_number(const Progress& progress) {
    const auto page =
        store_.read({.stream = options_.stream, .from = tail_, .direction = Direction::backward, .max_messages = 1})
            .value();
    if (page.begin() == page.end()) return std::nullopt;
    try {
        const auto message = read_state_message(page.begin()->data);
        const auto* change = std::get_if<StateChange>(&message);
        const auto beginning = progress.generation + "-";
        if (change == nullptr || !change->txid.starts_with(beginning)) return std::nullopt;
        std::int64_t number = 0;
        const auto* const end = change->txid.data() + change->txid.size();
        const auto parsed = std::from_chars(change->txid.data() + beginning.size(), end, number);
        const bool fits = number >= progress.published && number <= progress.last_change;
        return parsed.ec == std::errc() && parsed.ptr == end && fits ? std::optional(number) : std::nullopt;
    } catch (const JsonError&) {
        return std::nullopt;
    }
}

void StatePublisher::settle(Database& database, std::int64_t change) const {
    const auto& stream = options_.stream.text();
    database.write([&](ReadModel& model) {
        const auto before =
            model.value<std::int64_t>("SELECT published FROM foldback_state_streams WHERE stream = ?", {stream});
        model.execute(
            "DELETE FROM foldback_state_rows INDEXED BY foldback_state_rows_removed "
            "WHERE stream = ? AND change > ? AND change <= ? AND value IS NULL",
            {stream, before, change});
        model.execute("UPDATE foldback_state_streams SET published = ? WHERE stream = ?", {change, stream});
    });
}

void StatePublisher::publish(Database& database, bool caught_up) {
    look(database);
    const auto known = progress(database);
    if (standing_ == Standing::in_step) {
        if (known.published < known.last_change) publish_changes(database, known);
    } else if (caught_up) {
        resync(database, known);
    }
}

void StatePublisher::publish_changes(Database& database, const Progress& progress) {
    auto from = progress.published;
    while (from < progress.last_change) {
        std::vector<StateChange> changes;
        std::vector<std::string> values;  // what the changes view
        values.reserve(max_messages);
        auto last = from;
        std::size_t bytes = 0;
        database.read([&](ReadModel& model) {
            model.query(
                "SELECT type, key, value, change, published FROM foldback_state_rows WHERE stream = ? AND change > ? "
                "ORDER BY change LIMIT ?",
                {options_.stream.text(), from, max_messages}, [&](const Row& row) {
                    if (bytes >= max_bytes) return;
                    changes.push_back(change_of(row));
                    values.emplace_back(changes.back().value);
                    changes.back().value = values.back();
                    bytes += values.back().size();
                    last = row.integer(3);
                });
        });
        if (changes.empty()) throw StorageError("rows of " + options_.stream.text() + " are gone from their database");
        std::vector<std::string> messages;
        for (auto& change : changes) {
            change.txid = txid(progress.generation, last);
            messages.push_back(to_text(change));
        }
        append(std::move(messages));
        settle(database, last);
        from = last;
    }
}

std::optional<StatePublisher::Held> StatePublisher::fold_stream() const {
    Held held;
    const auto apply = [&](std::string_view text) {
        const auto message = read_state_message(text);
        if (const auto* control = std::get_if<StateControl>(&message)) {
            if (*control == StateControl::reset) held.clear();
            return;
        }
        const auto& change = std::get<StateChange>(message);
        if (change.operation == StateOperation::remove) {
            held.erase({change.type, change.key});
        } else {
            held.insert_or_assign({change.type, change.key}, std::string(change.value));
        }
    };
    std::optional<StreamPoint> next;
    try {
        detail::read_state_stream(store_, options_.stream, next, apply).value();
    } catch (const CorruptEvent&) {
        return std::nullopt;
    }
    return held;
}

void StatePublisher::write_rows(Database& database, std::optional<Held>& held, Batch& batch) const {
    database.read([&](ReadModel& model) {
        model.query(
            "SELECT type, key, value FROM foldback_state_rows WHERE stream = ? AND value IS NOT NULL "
            "ORDER BY type, key",
            {options_.stream.text()}, [&](const Row& row) {
                StateChange change{.operation = StateOperation::insert,
                                   .type = std::string(row.text(0)),
                                   .key = std::string(row.text(1)),
                                   .value = row.text(2),
                                   .txid = {}};
                const auto there = held ? held->extract({change.type, change.key}) : Held::node_type();
                if (!there.empty()) change.operation = StateOperation::update;
                if (there.empty() || there.mapped() != change.value) batch.add(change);
            });
    });
    if (!held) return;
    for (const auto& [id, value] : *held) {
        batch.add(StateChange{
            .operation = StateOperation::remove, .type = id.first, .key = id.second, .value = {}, .txid = {}});
    }
}

bool StatePublisher::agrees(Database& database, const Held& held) const {
    std::size_t same = 0;
    std::size_t rows = 0;
    database.read([&](ReadModel& model) {
        model.query("SELECT type, key, value FROM foldback_state_rows WHERE stream = ? AND value IS NOT NULL",
                    {options_.stream.text()}, [&](const Row& row) {
                        const auto there = held.find({row.get<std::string>(0), row.get<std::string>(1)});
                        if (there != held.end() && there->second == row.text(2)) ++same;
                        ++rows;
                    });
    });
    return same == rows && same == held.size();
}

void StatePublisher::resync(Database& database, const Progress& progress) {
    auto held = fold_stream();
    if (!held || !agrees(database, *held)) {
        Batch batch(*this);
        const bool is_empty = held && held->empty();
        if (!is_empty && (!held || options_.resync == StateResync::reset)) {
            batch.add(StateControl::reset);
            held.reset();
        }
        batch.add(StateControl::snapshot_start);
        write_rows(database, held, batch);
        batch.add(StateControl::snapshot_end);
        batch.flush();
    }
    settle(database, progress.last_change);
    standing_ = Standing::in_step;
}

}  // namespace foldback::state
