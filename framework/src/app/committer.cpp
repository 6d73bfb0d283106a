#include "foldback/app/committer.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "foldback/app/aggregate_path.hpp"
#include "foldback/core/codec.hpp"
#include "foldback/core/corrupt_event.hpp"
#include "foldback/core/envelope.hpp"

namespace foldback::detail {
namespace {

constexpr const char* json_type = "application/json";

enum class Answer { appended, nothing, rejected };
BOOST_DESCRIBE_ENUM(Answer, appended, nothing, rejected)

/// An AppendedRange as it is stored.
struct StoredRange {
    std::string stream;
    std::uint64_t first = 0;
    std::uint64_t next = 0;
};
BOOST_DESCRIBE_STRUCT(StoredRange, (), (stream, first, next))

struct StoredRejection {
    std::string code;
    std::string text;
};
BOOST_DESCRIBE_STRUCT(StoredRejection, (), (code, text))

/// The event of a command's stream: its first answer.
struct CommandHandled {
    Answer answer = Answer::nothing;
    std::vector<StoredRange> streams;
    std::optional<StoredRejection> rejection;
};
BOOST_DESCRIBE_STRUCT(CommandHandled, (), (answer, streams, rejection))

using CommandEvent = Events<Named<"CommandHandled", 1, CommandHandled>>;

CommandEvent appended_to(const std::vector<CommitPart>& parts) {
    CommandHandled handled{.answer = Answer::appended, .streams = {}, .rejection = {}};
    handled.streams.reserve(parts.size());
    for (const auto& part : parts) {
        const auto first = part.at.offset.value;
        handled.streams.push_back({part.stream.text(), first, first + part.messages.count()});
    }
    return CommandEvent(std::move(handled));
}

CommandEvent settled(const std::vector<AppendedRange>& streams, const Rejection* rejection) {
    CommandHandled handled;
    for (const auto& range : streams)
        handled.streams.push_back({range.stream.text(), range.first.value, range.next.value});
    if (rejection != nullptr) {
        handled.answer = Answer::rejected;
        handled.rejection = StoredRejection{rejection->code, rejection->text};
    }
    return CommandEvent(std::move(handled));
}

/// The answer, to be remembered: a stream of its own.
AppendRequest record_of(const CommandEvent& answer, const TransactOptions& options, const CommandMemory& memory,
                        const Clock& clock) {
    auto text =
        to_envelope(answer, {.id = options.command_id, .timestamp = clock.now(), .metadata = &options.metadata});
    StreamConfig config{.content_type = json_type};
    if (memory.keep_for) config.expires_at = clock.now() + *memory.keep_for;
    return {.stream = command_path(memory.prefix, options.command_id),
            .messages = Messages::one_trusted_json(std::move(text)),
            .content_type = json_type,
            .expected = Offset{0},
            .create_with = std::move(config)};
}

CommandOutcome outcome_of(const CommandHandled& handled, const std::vector<AppendedRange>& streams) {
    if (handled.rejection) return Rejection{handled.rejection->code, handled.rejection->text};
    if (handled.answer != Answer::appended) return CommandOutcome::NothingHappened{};
    CommandOutcome::Happened happened;
    std::copy_if(streams.begin(), streams.end(), std::back_inserter(happened.ranges),
                 [](const AppendedRange& range) { return range.first != range.next; });
    return happened;
}

CommandRecord decode(std::string_view message, const StreamPath& stream) {
    EnvelopeReader envelope;
    CommandHandled handled;
    try {
        envelope.open(message);
        if (envelope.type() != CommandEvent::name_of<CommandHandled>) envelope.data().fail("no answer to a command");
        read_json(envelope.data(), handled);
    } catch (const JsonError& error) {
        throw CorruptEvent(stream.text(), Offset{0}, error.what());
    }
    std::vector<AppendedRange> streams;
    for (const auto& range : handled.streams) streams.push_back({range.stream, {range.first}, {range.next}});
    auto outcome = outcome_of(handled, streams);
    outcome.mark_duplicate();
    return {.outcome = std::move(outcome), .streams = std::move(streams)};
}

AppendRequest request_of(CommitPart part) {
    AppendRequest request{
        .stream = std::move(part.stream), .messages = std::move(part.messages), .content_type = json_type};
    if (part.at.incarnation.value != 0) {
        request.expected_point = part.at;
        return request;
    }
    request.expected = Offset{0};
    // Without messages: that there is no such stream.
    if (!request.messages.empty()) request.create_with = StreamConfig{.content_type = json_type};
    return request;
}

/// Whether a stream is elsewhere, which reading on and deciding again may overcome.
bool has_moved(const Refused& refused) {
    return refused.reason == Refusal::offset_mismatch || refused.reason == Refusal::not_found;
}

}  // namespace

Committer::Committer(StreamStore& store, CommandMemory memory, const Clock& clock)
    : store_(&store), memory_(std::move(memory)), clock_(&clock) {}

Attempt Committer::append(std::vector<CommitPart> parts, const TransactOptions& options) const {
    std::vector<AppendRequest> requests;
    requests.reserve(parts.size() + 1);
    const bool remembers = !options.command_id.empty();
    if (remembers) requests.push_back(record_of(appended_to(parts), options, memory_, *clock_));
    for (auto& part : parts) requests.push_back(request_of(std::move(part)));
    Result<std::vector<Appended>> appended = std::vector<Appended>{};
    if (requests.size() == 1) {
        auto one = store_->append(std::move(requests.front()));
        appended = one ? Result<std::vector<Appended>>(std::vector{*std::move(one)}) : one.error();
    } else {
        appended = store_->append_all(std::move(requests));
    }
    if (appended) {
        if (remembers) appended->erase(appended->begin());
        return *std::move(appended);
    }
    if (!has_moved(appended.error())) throw RefusedError(appended.error());
    if (remembers) {
        if (auto first = find(options.command_id)) return *std::move(first);
    }
    return appended.error();
}

std::optional<CommandRecord> Committer::settle(const std::vector<AppendedRange>& streams, const Rejection* rejection,
                                               const TransactOptions& options) const {
    if (options.command_id.empty()) return std::nullopt;
    const auto answer = settled(streams, rejection);
    while (true) {
        const auto appended = store_->append(record_of(answer, options, memory_, *clock_));
        if (appended) return std::nullopt;
        if (appended.error().reason != Refusal::offset_mismatch) throw RefusedError(appended.error());
        if (auto first = find(options.command_id)) return first;
        // It was there, and expired meanwhile.
    }
}

std::optional<CommandRecord> Committer::find(const std::string& command_id) const {
    const auto stream = command_path(memory_.prefix, command_id);
    const auto page = store_->read({.stream = stream, .from = Offset{0}, .max_messages = 1});
    if (!page) {
        if (page.error().reason == Refusal::not_found) return std::nullopt;
        throw RefusedError(page.error());
    }
    if (page->runs.empty()) return std::nullopt;
    return decode(page->begin()->data, stream);
}

std::string event_id_of(const std::string& command_id, std::size_t index) {
    return command_id + "." + std::to_string(index);
}

void require_same_streams(const CommandRecord& record, const std::vector<const StreamPath*>& streams,
                          const std::string& command_id) {
    const bool same =
        std::equal(record.streams.begin(), record.streams.end(), streams.begin(), streams.end(),
                   [](const AppendedRange& range, const StreamPath* path) { return range.stream == *path; });
    if (same) return;
    const auto first = record.streams.empty() ? std::string("nothing") : record.streams.front().stream.text();
    throw std::invalid_argument("the command id \"" + command_id + "\" was used for another command, on " + first);
}

void require_different_streams(std::vector<const StreamPath*> streams) {
    std::ranges::sort(streams, std::ranges::less(), &StreamPath::text);
    const auto twice = std::ranges::adjacent_find(streams, std::ranges::equal_to(), &StreamPath::text);
    if (twice == streams.end()) return;
    throw std::invalid_argument("the aggregate " + (*twice)->text() + " is named twice in one command");
}

}  // namespace foldback::detail
