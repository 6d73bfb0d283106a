#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foldback/app/database.hpp"
#include "foldback/state/state_collection.hpp"
#include "foldback/state/state_message.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback::state {

/// The tables `foldback_state_streams` and `foldback_state_rows` of a database, as far as one projection is concerned. Each
/// change of a row has a number; what is removed stays as a row without value until that is published. A row is known to readers
/// when its change is among those that the stream's row calls published, or when it says `published`: then an earlier one was.
class StateTables {
public:
    StateTables(StreamPath stream, std::string projection)
        : stream_(std::move(stream)), projection_(std::move(projection)) {}

    /// Creates what is missing. Throws std::invalid_argument when another projection publishes to the stream.
    void open(ReadModel& model) const;
    /// Without rows, as another generation: the stream and the rows have nothing to do with one another.
    void begin_anew(ReadModel& model) const;
    /// Takes the rows of the attached database `rebuilt`.
    void replace_by_rebuilt(ReadModel& model) const;

private:
    StreamPath stream_;
    std::string projection_;
};

/// Publishes the rows of a database to their State stream, each change once.
///
/// The last message of an append names the last change in it (`txid`: generation and number), so that what is published and
/// the knowledge of it are one commit. Whenever the two sides may not be in step (at the start, after any failure) the
/// stream is asked, and not SQLite. One thread at a time uses an object.
class StatePublisher {
public:
    StatePublisher(StreamStore& store, StateStream options) : store_(store), options_(std::move(options)) {}

    /// Asks the stream how far it is, unless that is known. Before rows change: their numbers may come again after SQLite
    /// lost transactions.
    void look(Database& database);
    /// The next `look` asks again.
    void forget() noexcept { standing_ = Standing::unknown; }

    /// Publishes what has changed. When the stream is not in step with the rows, all of them count, and `caught_up` decides:
    /// until then readers keep what they have. Throws RefusedError, StorageError, DatabaseError; then `forget`.
    void publish(Database& database, bool caught_up);

private:
    enum class Standing : std::uint8_t { unknown, out_of_step, in_step };
    /// What `foldback_state_streams` says.
    struct Progress {
        std::string generation;
        std::int64_t last_change = 0;
        std::int64_t published = 0;
    };
    /// The values of a folded stream, by type and key.
    using Held = std::map<std::pair<std::string, std::string>, std::string>;
    class Batch;

    [[nodiscard]] Progress progress(Database& database) const;
    [[nodiscard]] std::optional<std::int64_t> published_number(const Progress& progress);
    void settle(Database& database, std::int64_t change) const;
    void publish_changes(Database& database, const Progress& progress);
    void resync(Database& database, const Progress& progress);
    /// Absent when the stream holds what is no message of the State protocol.
    [[nodiscard]] std::optional<Held> fold_stream() const;
    [[nodiscard]] bool agrees(Database& database, const Held& held) const;
    void write_rows(Database& database, std::optional<Held>& held, Batch& batch) const;
    void append(std::vector<std::string> messages);

    StreamStore& store_;
    StateStream options_;
    Standing standing_ = Standing::unknown;
    StreamPoint tail_;
};

}  // namespace foldback::state
