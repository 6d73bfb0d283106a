#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "foldback/app/outcome.hpp"
#include "foldback/app/transact_options.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/stream_store.hpp"

/// What the templates of repositories stand on. Not for direct use.
namespace foldback::detail {

/// What is appended to one stream, and where that stream is believed to be.
struct CommitPart {
    StreamPath stream;
    StreamPoint at;     ///< incarnation 0: there is no such stream yet
    Messages messages;  ///< none: the stream is only asserted to be there
};

/// The first answer to a command, as it is remembered. The streams are those that were decided about.
struct CommandRecord {
    CommandOutcome outcome;
    std::vector<AppendedRange> streams;
};

/// What came of trying: appended, answered before, or one of the streams is not where it was believed to be.
using Attempt = std::variant<std::vector<Appended>, CommandRecord, Refused>;

/// Appends what was decided, and remembers commands. Any thread.
class Committer {
public:
    /// `store` and `clock` must outlive it.
    Committer(StreamStore& store, CommandMemory memory, const Clock& clock);

    /// Appends all parts or none, and in the same commit the answer, if the command has an id. Throws RefusedError for a
    /// refusal that trying again does not overcome, and StorageError.
    [[nodiscard]] Attempt append(std::vector<CommitPart> parts, const TransactOptions& options) const;

    /// Remembers that nothing happened (`rejection` null) or that the rules forbade it. The first answer, when there was one
    /// before. Does nothing for a command without an id. Throws as append does.
    [[nodiscard]] std::optional<CommandRecord> settle(const std::vector<AppendedRange>& streams,
                                                      const Rejection* rejection, const TransactOptions& options) const;

    /// What is remembered of a command. Throws CorruptEvent for a record that is none, StorageError.
    [[nodiscard]] std::optional<CommandRecord> find(const std::string& command_id) const;

private:
    StreamStore* store_;
    CommandMemory memory_;
    const Clock* clock_;
};

/// The id of a command's event: events of one command are numbered, whatever stream they are in.
[[nodiscard]] std::string event_id_of(const std::string& command_id, std::size_t index);

/// Throws std::invalid_argument unless the record is about exactly these streams: then the command id was used for something
/// else.
void require_same_streams(const CommandRecord& record, const std::vector<const StreamPath*>& streams,
                          const std::string& command_id);

/// Throws std::invalid_argument when a stream occurs twice.
void require_different_streams(std::vector<const StreamPath*> streams);

}  // namespace foldback::detail
