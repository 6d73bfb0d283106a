#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "foldback/app/read_model.hpp"
#include "foldback/core/codec.hpp"
#include "foldback/store/types.hpp"

namespace foldback {

/// How a State stream is brought to say what the rows say, when it does not go on from what it said last: after a rebuild
/// or a reset, when SQLite lost its last transactions with the power, or when somebody else wrote to the stream.
enum class StateResync : std::uint8_t {
    /// The stream is folded, and only rows that differ are published, between the boundaries of a snapshot. Readers see
    /// the change and nothing else. Needs memory for the rows once. (As `reset` when the stream cannot be folded.)
    differences,
    /// A `reset`, then all rows between the boundaries of a snapshot. Readers must know what `reset` means: the StreamDB
    /// of @durable-streams/state 0.3.1 does not.
    reset,
};

/// The Durable State stream that a projection keeps (see `ProjectionDefinition::state_stream`).
struct StateStream {
    StreamPath stream;
    StateResync resync = StateResync::differences;
};

namespace detail {

void put_state_row(ReadModel& model, std::string_view stream, std::string_view type, std::string_view key,
                   std::string_view value);
bool remove_state_row(ReadModel& model, std::string_view stream, std::string_view type, std::string_view key);
[[nodiscard]] std::optional<std::string> find_state_row(ReadModel& model, std::string_view stream,
                                                        std::string_view type, std::string_view key);

}  // namespace detail

/// The values of one entity type that a projection publishes, by key. Its handlers say what they are now; the runner works
/// out what readers of the stream must be told, and tells them after the transaction (STATE-PROTOCOL §4):
///
///     const StateCollection<OrderSummary> live_orders{"views/orders", "order"};
///     definition.state_stream = {.stream = "views/orders"};
///     … in a handler:  live_orders.put(model, id, summary);
///
/// The rows are kept in the projection's database, in the transaction of its tables. All members throw DatabaseError; those
/// that change something throw std::logic_error when no projection of that database publishes to the stream.
template <class Value>
class StateCollection {
public:
    /// `type` must not be empty: std::invalid_argument.
    StateCollection(StreamPath stream, std::string type) : stream_(std::move(stream)), type_(std::move(type)) {
        if (type_.empty()) throw std::invalid_argument("an entity type of a State stream has a name");
    }

    /// Inserts or replaces. A value whose JSON is as before is not published again. Throws std::invalid_argument for an
    /// empty key and for values without JSON.
    void put(ReadModel& model, std::string_view key, const Value& value) const {
        detail::put_state_row(model, stream_.text(), type_, key, to_json(value));
    }

    /// False when there was none.
    bool remove(ReadModel& model, std::string_view key) const {
        return detail::remove_state_row(model, stream_.text(), type_, key);
    }

    /// As it was put, whether it is published yet or not.
    [[nodiscard]] std::optional<Value> find(ReadModel& model, std::string_view key) const {
        const auto text = detail::find_state_row(model, stream_.text(), type_, key);
        return text ? std::optional(from_json<Value>(*text)) : std::nullopt;
    }

private:
    StreamPath stream_;
    std::string type_;
};

}  // namespace foldback
