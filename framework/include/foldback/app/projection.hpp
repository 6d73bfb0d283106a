#pragma once

#include <concepts>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "foldback/app/event_reader.hpp"
#include "foldback/app/projection_definition.hpp"
#include "foldback/core/recorded.hpp"

namespace foldback {

/// Where an event comes from, for handlers of single event types: a Recorded without the event. Views what the runner
/// read: it must not be kept.
struct RecordedAt {
    std::string_view stream;
    Offset offset;
    Position position;
    std::uint32_t sub_index = 0;  ///< which of the pieces of a split event
    Timestamp recorded_at;
    const std::string& id;
    const Metadata& metadata;
    bool replay = false;  ///< see Delivery::replay
};

namespace detail {

template <class Handler, class Struct>
concept HandlesWhere = requires(Handler& handler, ReadModel& model, const Struct& event, const RecordedAt& where) {
    handler.apply(model, event, where);
};

template <class Handler, class Struct>
concept Handles = requires(Handler& handler, ReadModel& model, const Struct& event) {
    handler.apply(model, event);
};

template <class Handler, class Struct>
inline constexpr bool handles = HandlesWhere<Handler, Struct> || Handles<Handler, Struct>;

/// The stored names that may become an event that the handler has an apply for: a name whose upcasters may yield other
/// events (a split, a retired event) counts always.
template <class Handler, class Entry>
void add_type(std::vector<std::string>& types) {
    using Traits = EntryTraits<Entry>;
    if constexpr (std::is_same_v<Entry, UnknownEvent>) {
        static_assert(!handles<Handler, UnknownEvent>,
                      "a projection gets no unknown events: leave out the apply for UnknownEvent");
    } else if constexpr (Traits::version == 0 && boost::mp11::mp_empty<typename Traits::Steps>::value) {
        return;  // dropped
    } else if constexpr (!boost::mp11::mp_empty<typename Traits::Steps>::value) {
        types.emplace_back(Traits::name);
    } else if constexpr (handles<Handler, typename Traits::Type>) {
        types.emplace_back(Traits::name);
    }
}

template <class Handler, class... Entries>
std::vector<std::string> types_of(boost::mp11::mp_list<Entries...>) {
    std::vector<std::string> types;
    (add_type<Handler, Entries>(types), ...);
    return types;
}

template <class Handler, class... Structs>
[[nodiscard]] consteval bool handles_any(const std::variant<Structs...>*) {
    return (handles<Handler, Structs> || ...);
}

/// An apply that is not const would be passed over in silence.
template <class Handler, class... Structs>
[[nodiscard]] consteval bool all_are_const(const std::variant<Structs...>*) {
    return ((handles<Handler, Structs> == handles<const Handler, Structs>)&&...);
}

template <class Handler, class Event>
void hand_over(Handler& handler, ReadModel& model, const Recorded<Event>& recorded, bool replay) {
    const RecordedAt where{.stream = recorded.stream,
                           .offset = recorded.offset,
                           .position = recorded.position,
                           .sub_index = recorded.sub_index,
                           .recorded_at = recorded.recorded_at,
                           .id = recorded.id,
                           .metadata = recorded.metadata,
                           .replay = replay};
    std::visit(
        [&]<class Struct>(const Struct& event) {
            if constexpr (HandlesWhere<Handler, Struct>) {
                handler.apply(model, event, where);
            } else if constexpr (Handles<Handler, Struct>) {
                handler.apply(model, event);
            }
        },
        recorded.event.variant());
}

/// Readers that keep their memory from event to event; one for each thread that reads at once.
template <class Event>
class ReaderPool {
public:
    explicit ReaderPool(Reading reading) : reading_(reading) {}

    class Lease {
    public:
        explicit Lease(ReaderPool& pool) : pool_(pool), reader_(pool.take()) {}
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        ~Lease() {
            const std::lock_guard lock(pool_.mutex_);
            pool_.idle_.push_back(std::move(reader_));
        }
        EventReader<Event>* operator->() const noexcept { return reader_.get(); }

    private:
        ReaderPool& pool_;
        std::unique_ptr<EventReader<Event>> reader_;
    };

private:
    std::unique_ptr<EventReader<Event>> take() {
        const std::lock_guard lock(mutex_);
        if (idle_.empty()) return std::make_unique<EventReader<Event>>(reading_);
        auto reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
    }

    Reading reading_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<EventReader<Event>>> idle_;
};

}  // namespace detail

/// Makes several lambdas into one set of handlers: `Handlers{[](ReadModel&, const OrderPlaced&) {…}, …}`.
template <class... Functions>
struct Handlers : Functions... {
    explicit Handlers(Functions... functions) : Functions(std::move(functions))... {}

    template <class... Arguments>
    requires(std::invocable<const Handlers&, ReadModel&, const Arguments&...>) void apply(
        ReadModel& model, const Arguments&... arguments) const {
        (*this)(model, arguments...);
    }
    using Functions::operator()...;
};

/// Completes a definition with typed, upcasted handlers for the events of `Event` (an Events<…>):
///
///     struct OrderTotals {
///         void apply(ReadModel& model, const OrderPlaced& placed, const RecordedAt& where) const;
///         void apply(ReadModel& model, const OrderPaid& paid) const;
///     };
///     runner.add(project<OrderEvent>({.name = "totals", .schema = "CREATE TABLE totals (…)",
///                                     .events = {.categories = {"orders"}}}, OrderTotals{}), database);
///
/// `Handler` has an `apply` for each event that it wants, with or without the RecordedAt; events that it has none for are
/// passed over, unread where their stored name shows it, and so are types that `Event` does not list. An event that
/// upcasters split arrives piece by piece, in the same transaction, with `sub_index` 0, 1, …. One handler serves all
/// batches, and rebuilds at the same time: `apply` is const. A message that cannot be read (CorruptEvent) is a poison event.
///
/// Events with mergers (stateful N→1 upcasting) do not compile here: a merger needs one stream from its beginning, and a
/// projection goes on from its checkpoint. List what is stored as events of its own for the projection, and merge in
/// its tables.
template <class Event, class Handler>
[[nodiscard]] ProjectionDefinition project(ProjectionDefinition definition, Handler handler,
                                           MissingMembers missing = MissingMembers::refuse) {
    static_assert(detail::all_are_const<Handler>(static_cast<typename Event::Variant*>(nullptr)),
                  "make the handler's apply const: one handler serves several threads");
    static_assert(
        detail::handles_any<const Handler>(static_cast<typename Event::Variant*>(nullptr)),
        "the handler has no `void apply(foldback::ReadModel&, const SomeEvent&) const` for any event of Event");
    static_assert(
        MergersOf<Event>::count == 0,
        "a projection cannot merge events, because it goes on in the middle of a stream: give it an Events whose "
        "old versions have structs and upcasters without mergers, and merge in the read model");
    if (definition.events.types.empty())
        definition.events.types = detail::types_of<const Handler>(typename Event::EntryList{});
    const Reading reading{.unknown_events = UnknownEvents::skip, .missing_members = missing};
    definition.apply = [readers = std::make_shared<detail::ReaderPool<Event>>(reading),
                        handler = std::make_shared<const Handler>(std::move(handler))](ReadModel& model,
                                                                                       const Delivery& delivery) {
        typename detail::ReaderPool<Event>::Lease reader(*readers);
        reader->read(delivery.message, [&](const Recorded<Event>& recorded) {
            detail::hand_over(*handler, model, recorded, delivery.replay);
        });
    };
    return definition;
}

}  // namespace foldback
