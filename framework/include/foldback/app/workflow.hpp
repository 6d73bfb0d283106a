#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foldback/app/projection.hpp"
#include "foldback/app/projection_runner.hpp"
#include "foldback/app/repository.hpp"
#include "foldback/app/workflow_batch.hpp"
#include "foldback/app/workflow_reactions.hpp"
#include "foldback/app/workflow_records.hpp"

namespace foldback {

/// A command on its way out of a workflow.
struct Dispatch {
    std::string command_id;  ///< the same whenever this command is delivered again: handle commands idempotently by it
    std::string workflow;    ///< the id of the workflow that sends it
    Metadata metadata;       ///< for the events that come of it; `command` is the command's id
};

template <class Input, class Command>
struct WorkflowOptions {
    /// Names its projections `<name>.inbox`, `<name>.outbox`, `<name>.timeouts`: letters, digits, `-`, `_`, `.`.
    std::string name;
    /// Its streams are `<category>/<id>`: inbox and outbox of one workflow. Nobody else writes them.
    std::string category;
    /// Which workflow an event is for; absent: none. Pure.
    std::function<std::optional<std::string>(const Recorded<Input>&)> route;
    /// Delivers a command, at least once and in the order of its workflow. An exception is handled as `on_poison` says.
    std::function<void(const Command&, const Dispatch&)> dispatch;
    /// Which events may be inputs. Must not take in `category`.
    EventFilter inputs{};
    /// Where it begins to receive inputs when it is new.
    ProjectionStart start = FromNow{};
    OnPoison on_poison = OnPoison::park;
    RetryPolicy retry{};
    const Clock* clock = &system_clock();  ///< must outlive the workflow
};

/// A process manager: it folds the events that concern it, decides pure reactions, and sends commands.
///
/// `State` is a default-constructible value with `void apply(const X&)` for whatever of inputs, `TimedOut` and its own
/// commands it remembers. Beside it (found by its type) lies, for each input that matters and for `TimedOut`, a pure
///
///     foldback::Reactions<Command> decide(const State& state, const OrderPlaced& placed);
///
/// where `state` is from before the input. An input that begins a stream may first be decided about as if it began the workflow, too;
/// where that was wrong, what is decided or thrown does not count. `Input` and `Command` are Events<…>.
///
/// The workflow's own stream is its inbox and its outbox: an input and everything it leads to are one append, so a crash
/// loses neither or both. Inputs that have come meanwhile are received together, in one commit. An input that is delivered
/// again is recognised by its position and changes nothing. Commands are read from the stream and dispatched at least once,
/// each time with the same id. Timeouts are in the stream too; they are due on the injected clock, also when the process was
/// down meanwhile.
///
/// Holds references to itself in the projections it adds: it must outlive the runner, and cannot be moved. From any thread.
template <class State, class Input, class Command>
class Workflow {
public:
    using Record = typename detail::WorkflowEventsOf<Command>::type;
    using Options = WorkflowOptions<Input, Command>;
    static_assert(MergersOf<Input>::count == 0,
                  "a workflow cannot merge its inputs, because each is received by itself: give it an Events whose old "
                  "versions have structs and upcasters without mergers, and merge in the workflow's state");
    static_assert(MergersOf<Command>::count == 0,
                  "a workflow cannot merge its commands, because each is dispatched by itself");

    /// `store` must outlive the workflow. Throws std::invalid_argument without route or dispatch.
    Workflow(StreamStore& store, std::shared_ptr<Database> database, Options options)
        : store_(store),
          options_(std::move(options)),
          instances_(store, {.category = options_.category, .clock = options_.clock}),
          timeouts_(std::move(database), options_.name) {
        if (!options_.route || !options_.dispatch) throw std::invalid_argument("a workflow needs route and dispatch");
    }
    Workflow(const Workflow&) = delete;
    Workflow& operator=(const Workflow&) = delete;

    /// Adds its three projections: inputs, commands, timeouts. Their checkpoints are in the workflow's database.
    void add_to(ProjectionRunner& runner) {
        runner.add(inbox(), timeouts_.database());
        runner.add(outbox(), timeouts_.database());
        runner.add(timeouts_.projection(options_.category), timeouts_.database());
    }

    /// Hands out timeouts that are due, oldest first, as far as the projection of timeouts has come; how many. It looks at a
    /// thousand, and when there are more the next call goes on behind them. Call it from time to time, or leave that to a
    /// WorkflowTimer: nothing else fires timeouts. Calling it twice, or on two threads at once, fires none twice. A timeout that
    /// cannot be handed out stays due and keeps back none of the others; the first one's exception is thrown in the end.
    std::size_t fire_due() {
        const std::lock_guard lock(firing_);
        // Those that cannot be fired must not stand in the way of the others, however many they are.
        const auto due = timeouts_.due(options_.clock->now(), looked_to_);
        looked_to_ = due.size() < WorkflowTimeouts::at_once ? std::nullopt : std::optional(due.back());
        std::size_t fired = 0;
        std::exception_ptr failure;
        for (const auto& timeout : due) {
            try {
                if (fire(timeout)) ++fired;
            } catch (...) {
                if (!failure) failure = std::current_exception();
            }
        }
        if (failure) std::rethrow_exception(failure);
        return fired;
    }

    /// When the next timeout is due; absent when none is pending.
    [[nodiscard]] std::optional<Timestamp> next_due() const { return timeouts_.next_due(); }

    /// The state of one workflow as it is now. Throws CorruptEvent, StorageError.
    [[nodiscard]] State state_of(std::string_view id) const { return instances_.load(id).state().state; }

    /// Gives a workflow an input as the inbox does; false when it had it before, or is completed, or no workflow wants it.
    bool receive(const FeedMessage& message) {
        const auto received = read_input(message);
        if (!received) return false;
        return change(
            received->id, [&](const Fold& fold) { return records_of(fold, message, received->pieces); },
            received->metadata);
    }

private:
    using Fold = detail::WorkflowFold<State, Input>;
    using Instance = Aggregate<Fold, Record>;
    using Sent = typename detail::WorkflowEventsOf<Command>::Commands;
    using Batch = detail::WorkflowBatch<Instance>;

    /// Appends what its batch leads to in few commits; when another one was faster, or an input makes trouble, it takes the
    /// inputs of the batch one by one.
    class Inbox final : public Sink {
    public:
        explicit Inbox(Workflow& workflow) : workflow_(workflow) {}
        void apply(const Delivery& delivery) override {
            if (in_doubt_) return;
            if (one_by_one_) {
                (void)workflow_.receive(delivery.message);
                return;
            }
            try {
                workflow_.gather(delivery.message, batch_, presumes_new_);
            } catch (...) {
                if (!presumes_new_) throw;
                in_doubt_ = true;
            }
        }
        void flush(Position) override {
            if (in_doubt_) deliver_one_by_one("an input made trouble, perhaps because its workflow was taken for new");
            if (const auto refused = batch_.append_to(workflow_.store_)) {
                presumes_new_ = false;
                deliver_one_by_one(refused->detail);
            }
            one_by_one_ = false;
        }
        void reset() override {
            batch_.forget();
            in_doubt_ = false;
        }

    private:
        [[noreturn]] void deliver_one_by_one(const std::string& why) {
            reset();
            one_by_one_ = true;
            throw DeliverAgain(why);
        }

        Workflow& workflow_;
        Batch batch_;
        bool one_by_one_ = false;
        /// An input made trouble, perhaps only because a workflow was taken for new: what is delivered now comes again.
        bool in_doubt_ = false;
        /// What begins a stream mostly begins a workflow. The append says whether it is so; once it was not, workflows are looked for.
        bool presumes_new_ = true;
    };

    class Outbox final : public Sink {
    public:
        explicit Outbox(Workflow& workflow) : workflow_(workflow) {}
        void apply(const Delivery& delivery) override { workflow_.dispatch(delivery.message); }

    private:
        Workflow& workflow_;
    };

    ProjectionDefinition inbox() {
        ProjectionDefinition definition{
            .name = options_.name + ".inbox", .events = options_.inputs, .start = options_.start};
        definition.sink = std::make_shared<Inbox>(*this);
        definition.on_poison = options_.on_poison;
        definition.retry = options_.retry;
        // Inputs of one workflow must stay in order, whatever streams they come from.
        definition.key = [this](const FeedMessage& message) {
            std::optional<std::string> id;
            typename detail::ReaderPool<Input>::Lease reader(input_readers_);
            reader->read(message, [&](const Recorded<Input>& piece) {
                if (!id) id = options_.route(piece);
            });
            return id ? "workflow " + *id : "stream " + std::string(message.stream);
        };
        return definition;
    }

    ProjectionDefinition outbox() {
        ProjectionDefinition definition{.name = options_.name + ".outbox",
                                        .events = {.categories = {options_.category}},
                                        .kind = ProjectionKind::reaction,
                                        .start = FromBeginning{}};
        definition.sink = std::make_shared<Outbox>(*this);
        definition.on_poison = options_.on_poison;
        definition.retry = options_.retry;
        return definition;
    }

    /// A message that is for a workflow.
    struct Received {
        std::string id{};
        std::vector<Input> pieces{};
        Metadata metadata{};  ///< for what it leads to
    };

    /// Absent when no workflow wants it. Throws CorruptEvent, and what `route` throws.
    [[nodiscard]] std::optional<Received> read_input(const FeedMessage& message) const {
        std::optional<std::string> id;
        Received received;
        typename detail::ReaderPool<Input>::Lease reader(input_readers_);
        reader->read(message, [&](const Recorded<Input>& piece) {
            if (!id) id = options_.route(piece);
            if (received.pieces.empty()) {
                received.metadata = {.correlation = piece.metadata.correlation,
                                     .causation = piece.id,
                                     .traceparent = piece.metadata.traceparent};
            }
            received.pieces.push_back(piece.event);
        });
        if (!id) return std::nullopt;
        received.id = *std::move(id);
        return received;
    }

    /// The input and all that it leads to; nothing when the workflow had it before, or is completed.
    [[nodiscard]] std::vector<Record> records_of(const Fold& fold, const FeedMessage& message,
                                                 const std::vector<Input>& pieces) const {
        if (fold.completed || fold.has_received(message.position)) return {};
        Fold after{.state = fold.state};
        std::vector<Record> records;
        records.emplace_back(detail::input_of(message));
        for (const auto& piece : pieces) {
            std::visit([&](const auto& event) { add_reactions(after.state, event, records); }, piece.variant());
            after.apply_event(piece);
        }
        return records;
    }

    /// Decides about an input as if what the batch holds were appended, and adds that to it: all of it, or nothing when it throws.
    void gather(const FeedMessage& message, Batch& batch, bool presumes_new) const {
        const auto received = read_input(message);
        if (!received) return;
        const bool is_new = presumes_new && message.offset.offset == Offset{};
        auto& place = batch.at(received->id, instances_.stream_of(received->id),
                               [&] { return is_new ? Instance() : instances_.load(received->id); });
        auto records = records_of(place.current().state(), message, received->pieces);
        const auto metadata = with_correlation(received->metadata, received->id);
        std::vector<std::string> messages;
        for (const auto& record : records) {
            messages.push_back(to_envelope(
                record,
                {.id = instances_.options().new_id(), .timestamp = options_.clock->now(), .metadata = &metadata}));
        }
        place.add(std::move(messages), std::move(records));
    }

    [[nodiscard]] Metadata with_correlation(Metadata metadata, const std::string& id) const {
        if (metadata.correlation.empty()) metadata.correlation = options_.category + "/" + id;
        return metadata;
    }

    /// Stores the reactions of one input.
    template <class Event>
    void add_reactions(const State& state, const Event& event, std::vector<Record>& records) const {
        if constexpr (requires { decide(state, event); }) {
            const Reactions<Command> reactions = decide(state, event);
            const auto now = options_.clock->now();
            for (const auto& step : reactions.steps()) {
                std::visit([&](const auto& one) { records.push_back(record_of(one, now)); }, step);
            }
        }
    }
    static Record record_of(const Command& command, Timestamp) {
        return std::visit([](const auto& one) { return Record(one); }, command.variant());
    }
    static Record record_of(const typename Reactions<Command>::SetTimeout& timeout, Timestamp now) {
        return Record(TimeoutScheduled{timeout.name, (now + timeout.delay).time_since_epoch().count()});
    }
    static Record record_of(const TimeoutCancelled& timeout, Timestamp) { return Record(timeout); }
    static Record record_of(const WorkflowCompleted& completed, Timestamp) { return Record(completed); }

    /// Appends what `decide_records` makes of the workflow, again when somebody else appended meanwhile; false when it makes
    /// nothing.
    template <class DecideRecords>
    bool change(const std::string& id, const DecideRecords& decide_records, Metadata metadata) {
        metadata = with_correlation(std::move(metadata), id);
        while (true) {
            const auto instance = instances_.load(id);
            const auto records = decide_records(instance.state());
            if (records.empty()) return false;
            const auto appended = instances_.append(id, instance.offset(), records, metadata);
            if (appended) return true;
            if (appended.error().reason != Refusal::offset_mismatch) throw RefusedError(appended.error());
        }
    }

    bool fire(const PendingTimeout& timeout) {
        const auto id = timeout.stream.substr(options_.category.size() + 1);
        return change(
            id,
            [&](const Fold& fold) -> std::vector<Record> {
                const auto pending = fold.due.find(timeout.name);
                // The table may be behind the stream: the stream says whether it is still due.
                if (pending == fold.due.end() || pending->second > options_.clock->now().time_since_epoch().count())
                    return {};
                const TimedOut timed_out{timeout.name};
                std::vector<Record> records{Record(timed_out)};
                add_reactions(fold.state, timed_out, records);
                return records;
            },
            {});
    }

    void dispatch(const FeedMessage& message) const {
        typename detail::ReaderPool<Sent>::Lease reader(sent_readers_);
        reader->read(message, [&](const Recorded<Sent>& recorded) {
            const auto id = std::string(recorded.stream) + "@" + std::to_string(message.offset.incarnation.value) +
                            "_" + std::to_string(recorded.offset.value) + "." + std::to_string(recorded.sub_index);
            auto metadata = recorded.metadata;
            metadata.causation = recorded.id;
            metadata.command = id;
            options_.dispatch(std::visit([](const auto& one) { return Command(one); }, recorded.event.variant()),
                              {.command_id = id,
                               .workflow = std::string(recorded.stream.substr(options_.category.size() + 1)),
                               .metadata = std::move(metadata)});
        });
    }

    StreamStore& store_;
    Options options_;
    Repository<Instance> instances_;
    WorkflowTimeouts timeouts_;
    std::mutex firing_;
    std::optional<PendingTimeout> looked_to_;  ///< guarded by `firing_`; there are more behind it
    mutable detail::ReaderPool<Input> input_readers_{Reading{.unknown_events = UnknownEvents::skip}};
    mutable detail::ReaderPool<Sent> sent_readers_{Reading{}};
};

}  // namespace foldback
