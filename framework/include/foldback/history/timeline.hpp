#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foldback/core/envelope.hpp"
#include "foldback/core/recorded.hpp"
#include "foldback/history/aggregate_lens.hpp"
#include "foldback/history/any_timeline.hpp"

namespace foldback {

/// The history of one aggregate: its state at any moment, what each event changed, where something first became true, and
/// what would have been.
///
///     Timeline<Order> order(store, "orders/42");
///     order.go_to(Offset{7});
///     order.state().total;                                   // after seven events
///     order.diff(Offset{6}, Offset{7});                      // what the seventh changed, as JSON Patch
///     order.first_where([](const OrderState& state) { return state.total < 0; }).moment;
///     auto without = order.what_if(Edits().skip(Offset{6}));  // a timeline of its own
///
/// Only `apply` and upcasters run. The state must have JSON (see AggregateFold). What AnyTimeline says of moments, of events
/// that cannot be folded, of failures and of threads holds here.
template <class Aggregate>
class Timeline {
public:
    using State = typename Aggregate::StateType;
    using Event = typename Aggregate::EventType;

    /// Throws RefusedError when the stream cannot be read or is truncated, std::invalid_argument when it holds no JSON.
    /// `store` must outlive the timeline.
    Timeline(StreamStore& store, const StreamPath& stream, TimelineOptions options = {})
        : any_(store, stream, lens_of<Aggregate>(stream.text()), options) {}
    /// The history from a snapshot on: for streams whose beginning is given up.
    Timeline(StreamStore& store, const StreamPath& stream, const Aggregate& base, TimelineOptions options = {})
        : any_(store, stream, lens_of<Aggregate>(stream.text()), std::make_unique<AggregateFold<Aggregate>>(base),
               base.offset(), options) {}

    /// The same without types, for JSON and for what has none here. Both stand at the same moment.
    [[nodiscard]] AnyTimeline& any() noexcept { return any_; }

    [[nodiscard]] Offset first() const noexcept { return any_.first(); }
    [[nodiscard]] Offset tail() const noexcept { return any_.tail(); }
    [[nodiscard]] Offset offset() const noexcept { return any_.offset(); }
    bool refresh() { return any_.refresh(); }
    void go_to(Offset moment) { any_.go_to(moment); }
    /// To the moment at a time: see AnyTimeline::moment_at.
    void go_to(Timestamp time) { any_.go_to(any_.moment_at(time)); }
    bool step_forward() { return any_.step_forward(); }
    bool step_back() { return any_.step_back(); }
    [[nodiscard]] Offset moment_at(Timestamp time) { return any_.moment_at(time); }

    /// The state at the moment where the timeline stands. Valid until the timeline is used again.
    [[nodiscard]] const State& state() { return detail::aggregate_in<Aggregate>(any_.fold()).state(); }
    /// A copy of the state at any moment, or time. The timeline stays where it stands.
    [[nodiscard]] State state_at(Offset moment) {
        const Offset stood = offset();
        go_to(moment);
        State copy = state();
        go_to(stood);
        return copy;
    }
    [[nodiscard]] State state_at(Timestamp time) { return state_at(moment_at(time)); }

    [[nodiscard]] std::string diff(Offset from, Offset to) { return any_.diff(from, to); }
    [[nodiscard]] Comparison compare(Offset from, Offset to) { return any_.compare(from, to); }
    [[nodiscard]] std::vector<Blame> blame(Offset moment) { return any_.blame(moment); }
    [[nodiscard]] StoredEvent event(Offset at) { return any_.event(at); }
    [[nodiscard]] std::vector<StoredEvent> events(Offset from, std::size_t count) { return any_.events(from, count); }
    [[nodiscard]] FoundEvents search(const EventSearch& what) { return any_.search(what); }
    [[nodiscard]] std::vector<UnreadableEvent> unreadable() { return any_.unreadable(tail()); }

    /// The offsets of the events that an event of today matches, in order. `matches(const Event&)` is asked for each that a
    /// stored message became; messages that cannot be read match nothing.
    template <std::predicate<const Event&> Matches>
    [[nodiscard]] std::vector<Offset> search(const Matches& matches, std::size_t limit = 1000) {
        std::vector<Offset> found;
        const AggregateFold<Aggregate> reader;
        const auto look = [&](const StoredEvent& event) {
            bool match = false;
            std::string problem;
            reader.decode(event.text, problem, [&](const auto& one) { match = match || matches(Event(one)); });
            return match;
        };
        for (auto& event : any_.search({.matches = look, .limit = limit}).events) found.push_back(event.offset);
        return found;
    }

    /// The first moment at which the predicate holds; the timeline stands there then.
    template <std::predicate<const State&> Predicate>
    [[nodiscard]] FirstMoment first_where(const Predicate& predicate, const Scan& scan = {}) {
        return any_.first_where(
            [&](const Fold& fold) -> bool { return predicate(detail::aggregate_in<Aggregate>(fold).state()); }, scan);
    }

    /// The first moment at which this history means another thing to other code: another reducer, other upcasters.
    template <class Other>
    [[nodiscard]] std::optional<Divergence> first_divergence(Timeline<Other>& other, const Scan& scan = {}) {
        return any_.first_divergence(other.any(), scan);
    }

    /// The message of an event for Edits. Id, time and metadata are those of the event at `like`; without one: no id, and
    /// the beginning of time.
    [[nodiscard]] std::string message(const Event& event, std::optional<Offset> like = std::nullopt) {
        if (!like) return to_envelope(event);
        const auto stored = any_.event(*like);
        return to_envelope(event, {.id = stored.id,
                                   .timestamp = stored.timestamp.value_or(stored.committed_at),
                                   .metadata = &stored.metadata});
    }

    /// The history as it would have been: see AnyTimeline::what_if.
    [[nodiscard]] Timeline what_if(const Edits& edits) const { return Timeline(any_.what_if(edits)); }
    [[nodiscard]] std::optional<Offset> origin_of(Offset event) const { return any_.origin_of(event); }
    [[nodiscard]] Result<Created> save_as(const StreamPath& path,
                                          std::optional<std::chrono::seconds> ttl = std::nullopt) const {
        return any_.save_as(path, ttl);
    }

private:
    explicit Timeline(AnyTimeline any) : any_(std::move(any)) {}

    AnyTimeline any_;
};

}  // namespace foldback
