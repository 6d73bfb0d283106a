#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include "foldback/core/check.hpp"
#include "foldback/core/events.hpp"
#include "foldback/core/offset.hpp"
#include "foldback/core/upcast.hpp"

namespace foldback {

/// What to do with an event whose type is not listed in Events. (Listing UnknownEvent keeps such events instead.)
enum class UnknownEvents : std::uint8_t {
    refuse,  ///< CorruptEvent
    skip,    ///< as if it were not there; the offset counts it
};

/// What to do when a stored event lacks a member of its struct. Members of type std::optional may always be missing.
enum class MissingMembers : std::uint8_t {
    refuse,       ///< CorruptEvent
    use_default,  ///< the member keeps what its declaration initialises it with
};

/// The choices of an aggregate about what it reads.
struct Reading {
    UnknownEvents unknown_events = UnknownEvents::refuse;
    MissingMembers missing_members = MissingMembers::refuse;
};

namespace detail {

template <class State, class Event>
concept Applies = requires(State& state, const Event& event) {
    state.apply(event);
};

template <class State, class Struct>
[[nodiscard]] consteval bool check_apply() {
    if constexpr (!Applies<State, Struct>) {
        constexpr auto message = joined<name_of_type<State>, literal<" has no apply for ">, name_of_type<Struct>,
                                        literal<": add `void apply(const ">, name_of_type<Struct>,
                                        literal<"& event);` to ">, name_of_type<State>>();
        static_assert(sizeof(CompileError<message>) > 0);
    }
    return true;
}

template <class State, class... Structs>
[[nodiscard]] consteval bool check_applies(const std::variant<Structs...>*) {
    return (check_apply<State, Structs>() && ...);
}

}  // namespace detail

/// A state, how it came to be, and where in its stream that is: a left fold over the events.
///
/// `State` is a default-constructible value with one `void apply(const E&)` for each struct of `Event`; a missing one does
/// not compile. `apply` records facts: it checks nothing, reads no clock and does no I/O. `Event` is an Events<…>.
template <class State, class Event, Reading how = Reading{}>
class Aggregate {
    static_assert(detail::check_events<Event>());
    static_assert(detail::check_applies<State>(static_cast<typename Event::Variant*>(nullptr)));

public:
    using StateType = State;
    using EventType = Event;
    static constexpr Reading reading = how;

    Aggregate() = default;
    /// A state as it was when `offset` messages of the stream had been folded.
    Aggregate(State state, Offset offset) : state_(std::move(state)), offset_(offset) {}

    [[nodiscard]] const State& state() const noexcept { return state_; }
    /// How many messages of the stream are folded: the version of the aggregate.
    [[nodiscard]] Offset offset() const noexcept { return offset_; }

    /// Folds an event that is one message of the stream: the next one.
    void apply(const Event& event) {
        std::visit([this](const auto& one) { state_.apply(one); }, event.variant());
        ++offset_.value;
    }
    template <class Struct>
    requires(Event::template has<Struct>) void apply(const Struct& event) {
        state_.apply(event);
        ++offset_.value;
    }

    /// Folds events that are one message each, in order.
    template <class Range>
    void fold(const Range& events) {
        for (const auto& event : events) apply(event);
    }

    /// Folds a piece of a message (see Pieces) without moving on; `move_to` does that after the last piece.
    template <class Struct>
    requires(Event::template has<Struct>) void apply_piece(const Struct& event) { state_.apply(event); }
    /// Messages up to `offset` are folded. Never goes back: aborts.
    void move_to(Offset offset) {
        FOLDBACK_CHECK(offset >= offset_, "a fold never goes back");
        offset_ = offset;
    }

    /// What the upcasters of this stream remember from one message to the next.
    [[nodiscard]] MergersOf<Event>& mergers() noexcept { return mergers_; }
    /// No upcaster waits for a further message: the state says everything, so that a snapshot of it may be taken.
    [[nodiscard]] bool is_settled() const noexcept { return mergers_.are_idle(); }

private:
    State state_{};
    Offset offset_{};
    [[no_unique_address]] MergersOf<Event> mergers_{};
};

}  // namespace foldback
