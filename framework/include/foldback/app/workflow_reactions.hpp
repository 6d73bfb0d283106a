#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "foldback/app/event_reader.hpp"
#include "foldback/app/workflow_records.hpp"

namespace foldback {

/// What a workflow does about an input: commands to send, timeouts to set, in this order, all or none.
template <class Command>
class Reactions {
public:
    Reactions() = default;

    /// Sends a command. It is stored with the input and then delivered at least once.
    Reactions& send(Command command) {
        steps_.emplace_back(std::move(command));
        return *this;
    }
    /// Has the workflow get `TimedOut{name}` when this much time has gone by. A pending timeout of that name is replaced.
    Reactions& timeout_in(std::string name, std::chrono::milliseconds delay) {
        steps_.emplace_back(SetTimeout{std::move(name), delay});
        return *this;
    }
    /// Takes a timeout back; nothing happens when there is none of that name.
    Reactions& cancel_timeout(std::string name) {
        steps_.emplace_back(TimeoutCancelled{std::move(name)});
        return *this;
    }
    /// Nothing further: later inputs and timeouts of this workflow are passed over.
    Reactions& complete() {
        steps_.emplace_back(WorkflowCompleted{});
        return *this;
    }

    struct SetTimeout {
        std::string name;
        std::chrono::milliseconds delay;
    };
    using Step = std::variant<Command, SetTimeout, TimeoutCancelled, WorkflowCompleted>;
    [[nodiscard]] const std::vector<Step>& steps() const noexcept { return steps_; }

private:
    std::vector<Step> steps_;
};

namespace detail {

/// The fold of a workflow's stream: the user's state and what the workflow must know of itself.
template <class State, class Input>
struct WorkflowFold {
    State state{};
    std::vector<std::uint64_t> inputs;  ///< positions of those received, in order; one that was parked comes later
    std::map<std::string, std::int64_t> due;  ///< pending timeouts, in Unix milliseconds
    bool completed = false;

    [[nodiscard]] bool has_received(Position input) const {
        return std::binary_search(inputs.begin(), inputs.end(), input.value);
    }

    void apply(const InputReceived& input) {
        inputs.insert(std::upper_bound(inputs.begin(), inputs.end(), input.position), input.position);
        EventReader<Input>(Reading{.unknown_events = UnknownEvents::skip})
            .read(message_of(input), [this](const Recorded<Input>& recorded) { apply_event(recorded.event); });
    }
    void apply(const TimeoutScheduled& timeout) { due[timeout.name] = timeout.due_ms; }
    void apply(const TimeoutCancelled& timeout) { due.erase(timeout.name); }
    void apply(const TimedOut& timeout) {
        due.erase(timeout.name);
        apply_user(timeout);
    }
    void apply(const WorkflowCompleted&) {
        completed = true;
        due.clear();
    }
    /// A command that was sent.
    template <class Command>
    void apply(const Command& command) {
        apply_user(command);
    }

    void apply_event(const Input& event) {
        std::visit([this](const auto& one) { this->apply_user(one); }, event.variant());
    }
    template <class One>
    void apply_user(const One& one) {
        if constexpr (requires { state.apply(one); }) state.apply(one);
    }
};

template <class Command>
struct WorkflowEventsOf;
template <class... Entries>
struct WorkflowEventsOf<Events<Entries...>> {
    using type =
        Events<Named<"foldback.InputReceived", 1, InputReceived>,
               Named<"foldback.TimeoutScheduled", 1, TimeoutScheduled>,
               Named<"foldback.TimeoutCancelled", 1, TimeoutCancelled>, Named<"foldback.TimedOut", 1, TimedOut>,
               Named<"foldback.WorkflowCompleted", 1, WorkflowCompleted>, Entries...>;
    /// The commands alone: what else lies in the stream is not read.
    using Commands = Events<Dropped<"foldback.InputReceived">, Dropped<"foldback.TimeoutScheduled">,
                            Dropped<"foldback.TimeoutCancelled">, Dropped<"foldback.TimedOut">,
                            Dropped<"foldback.WorkflowCompleted">, Entries...>;
};

}  // namespace detail

}  // namespace foldback
