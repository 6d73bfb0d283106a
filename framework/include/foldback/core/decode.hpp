#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "foldback/core/aggregate.hpp"
#include "foldback/core/codec.hpp"
#include "foldback/core/corrupt_event.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/core/upcast.hpp"

namespace foldback {

namespace detail {

/// Reads the data of one message as what it was stored as, and hands the sink each event of today that it became.
template <class Event, class Sink>
class DataDecoder {
public:
    DataDecoder(JsonReader& reader, std::string_view type, unsigned version, MergersOf<Event>& mergers, Sink& sink)
        : reader_(reader), type_(type), version_(version), mergers_(mergers), sink_(sink) {}

    void decode(UnknownEvents unknown) { decode_any(unknown, typename Event::EntryList{}); }

private:
    template <class... Entries>
    void decode_any(UnknownEvents unknown, boost::mp11::mp_list<Entries...>) {
        const bool known = ((is_entry<Entries>() && (decode_entry<Entries>(), true)) || ...);
        if (known) return;
        if constexpr (Event::keeps_unknown) {
            sink_(UnknownEvent{std::string(type_), version_, std::string(reader_.skip())});
        } else if (unknown == UnknownEvents::refuse) {
            reader_.fail("unknown event type");
        } else {
            (void)reader_.skip();
        }
    }

    template <class Entry>
    [[nodiscard]] bool is_entry() const {
        return !std::is_same_v<Entry, UnknownEvent> && type_ == EntryTraits<Entry>::name;
    }

    template <class Entry>
    void decode_entry() {
        using Traits = EntryTraits<Entry>;
        if constexpr (Traits::version != 0) {
            if (version_ == Traits::version) {
                sink_(read<typename Traits::Type>());
                return;
            }
        }
        if constexpr (boost::mp11::mp_empty<typename Traits::Steps>::value && Traits::version == 0) {
            (void)reader_.skip();
        } else {
            const bool known =
                decode_older<Entry>(std::make_index_sequence<boost::mp11::mp_size<VersionsOf<Entry>>::value>{});
            if (!known) reader_.fail("this program does not know the version");
        }
    }

    template <class Entry, std::size_t... step>
    [[nodiscard]] bool decode_older(std::index_sequence<step...>) {
        return (
            (version_ == StepTraits<boost::mp11::mp_at_c<VersionsOf<Entry>, step>>::version &&
             (carry_on<Entry, step>(read<typename StepTraits<boost::mp11::mp_at_c<VersionsOf<Entry>, step>>::Type>()),
              true)) ||
            ...);
    }

    template <class T>
    [[nodiscard]] T read() {
        T value{};
        read_json(reader_, value);
        return value;
    }

    /// Calls the upcaster of step `step` and follows what it returns.
    template <class Entry, std::size_t step, class Old>
    void carry_on(const Old& old) {
        follow<Entry, step>(call_upcaster<boost::mp11::mp_at_c<VersionsOf<Entry>, step>>(old, mergers_));
    }

    template <class Entry, std::size_t step, class Result>
    void follow(Result&& result) {
        using Value = std::remove_cvref_t<Result>;
        using Next = typename NextType<Entry, step>::type;
        constexpr bool is_last = step + 1 == boost::mp11::mp_size<VersionsOf<Entry>>::value;
        if constexpr (OptionalOf<Value>::is) {
            if (result) follow<Entry, step>(*std::forward<Result>(result));
        } else if constexpr (std::is_same_v<Value, Nothing>) {
            return;
        } else if constexpr (PiecesOf<Event, Value>::are) {
            deliver_pieces(std::forward<Result>(result));
        } else if constexpr (std::is_same_v<Value, Next>) {
            if constexpr (is_last) {
                sink_(std::forward<Result>(result));
            } else {
                carry_on<Entry, step + 1>(result);
            }
        } else if constexpr (std::is_same_v<Value, JsonText>) {
            JsonReader document(result.text);
            document.uses_defaults = reader_.uses_defaults;
            Next next{};
            read_json(document, next);
            document.expect_end();
            if constexpr (is_last) {
                sink_(std::move(next));
            } else {
                carry_on<Entry, step + 1>(next);
            }
        } else {
            sink_(std::forward<Result>(result));
        }
    }

    template <class Piece>
    void deliver_pieces(Piece&& piece) {
        using Value = std::remove_cvref_t<Piece>;
        if constexpr (Event::template has<Value>) {
            sink_(std::forward<Piece>(piece));
        } else if constexpr (requires { std::variant_size<Value>::value; }) {
            std::visit([this](auto& one) { sink_(std::move(one)); }, piece);
        } else {
            for (auto& one : piece) deliver_pieces(one);
        }
    }

    JsonReader& reader_;
    std::string_view type_;
    unsigned version_;
    MergersOf<Event>& mergers_;
    Sink& sink_;
};

}  // namespace detail

/// Reads the event of an opened envelope and hands each event of today that it became (one; none or several by upcasting)
/// to `sink`, as its struct. Throws JsonError for what is not as it should be, and what `sink` and upcasters throw.
template <class Event, class Sink>
void decode_data(EnvelopeReader& envelope, Reading reading, MergersOf<Event>& mergers, Sink&& sink) {
    JsonReader& data = envelope.data();
    data.uses_defaults = reading.missing_members == MissingMembers::use_default;
    detail::DataDecoder<Event, std::remove_reference_t<Sink>>(data, envelope.type(), envelope.version(), mergers, sink)
        .decode(reading.unknown_events);
}

/// The error of a message that could not be read: `envelope` is as far as it came.
[[noreturn]] void throw_corrupt(std::string_view stream, Offset offset, const EnvelopeReader& envelope,
                                const JsonError& error);

}  // namespace foldback
