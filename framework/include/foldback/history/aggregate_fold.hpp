#pragma once

#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/core/decode.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/history/fold.hpp"
#include "foldback/history/heap_bytes.hpp"

namespace foldback {

namespace detail {

/// "OrderPaid version 2: " of an envelope that was read as far as its type, and the error.
[[nodiscard]] std::string problem_of(const EnvelopeReader& envelope, const std::exception& error);

/// An event of today without its envelope's other members: {"type":…,"version":…,"data":…}.
template <class Event, class Struct>
[[nodiscard]] std::string bare_event(const Struct& event) {
    std::string text;
    JsonWriter writer(text);
    writer.raw("{\"type\":");
    if constexpr (std::is_same_v<Struct, UnknownEvent>) {
        writer.string(event.type);
        writer.raw(",\"version\":");
        writer.number(std::uint64_t{event.version});
        writer.raw(",\"data\":");
        writer.raw(event.data);
    } else {
        writer.string(Event::template name_of<Struct>);
        writer.raw(",\"version\":");
        writer.number(std::uint64_t{Event::template version_of<Struct>});
        writer.raw(",\"data\":");
        write_json(writer, event);
    }
    writer.raw('}');
    return text;
}

}  // namespace detail

/// The fold of an aggregate. Its state must have JSON: describe it with BOOST_DESCRIBE_STRUCT, or give it a Codec.
///
/// An exception that `apply` or an upcaster throws is a problem of that message, like one that cannot be read.
template <class Aggregate>
class AggregateFold final : public Fold {
public:
    using Event = typename Aggregate::EventType;

    AggregateFold() = default;
    explicit AggregateFold(Aggregate aggregate) : aggregate_(std::move(aggregate)) {}

    [[nodiscard]] const Aggregate& aggregate() const noexcept { return aggregate_; }

    [[nodiscard]] std::unique_ptr<Fold> clone() const override { return std::make_unique<AggregateFold>(aggregate_); }

    [[nodiscard]] Folded apply(std::string_view message, std::string& problem) override {
        // A merger that was asked before the failure remembers what it should not.
        bool touched = MergersOf<Event>::count != 0;
        const Offset next{aggregate_.offset().value + 1};
        try {
            envelope_.open(message);
            decode_data<Event>(envelope_, Aggregate::reading, aggregate_.mergers(), [&](const auto& event) {
                touched = true;
                aggregate_.apply_piece(event);
            });
        } catch (const std::bad_alloc&) {
            throw;
        } catch (const std::exception& error) {
            problem = detail::problem_of(envelope_, error);
            aggregate_.move_to(next);
            return touched ? Folded::torn : Folded::refused;
        }
        aggregate_.move_to(next);
        return Folded::yes;
    }

    void pass_over() override { aggregate_.move_to({aggregate_.offset().value + 1}); }

    void write_state(std::string& out) const override {
        JsonWriter writer(out);
        write_json(writer, aggregate_.state());
    }

    [[nodiscard]] std::size_t bytes() const override {
        return sizeof(AggregateFold) + detail::heap_bytes(aggregate_.state());
    }

    [[nodiscard]] std::vector<std::string> current_events(std::string_view message,
                                                          std::string& problem) const override {
        std::vector<std::string> events;
        decode(message, problem, [&](const auto& event) { events.push_back(detail::bare_event<Event>(event)); });
        return events;
    }

    /// Hands each event of today that the message is to `sink`, as its struct, without applying it.
    template <class Sink>
    void decode(std::string_view message, std::string& problem, Sink&& sink) const {
        // Aggregate hands out its mergers for change only; these are a copy.
        auto mergers = const_cast<Aggregate&>(aggregate_).mergers();
        EnvelopeReader envelope;
        try {
            envelope.open(message);
            decode_data<Event>(envelope, Aggregate::reading, mergers, sink);
        } catch (const std::bad_alloc&) {
            throw;
        } catch (const std::exception& error) {
            problem = detail::problem_of(envelope, error);
        }
    }

private:
    Aggregate aggregate_;
    EnvelopeReader envelope_;
};

}  // namespace foldback
