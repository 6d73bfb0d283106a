#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "foldback/core/json_reader.hpp"

namespace foldback {

/// What a change does to the value of its type and key.
enum class StateOperation : std::uint8_t {
    insert,
    update,
    upsert,  ///< not in the specification: the official package writes it; insert or update, whichever fits
    remove,  ///< "delete" on the wire
};

/// One change message (STATE-PROTOCOL §5.1). `old_value` and `timestamp` are neither read nor written.
struct StateChange {
    StateOperation operation = StateOperation::insert;
    std::string type;        ///< never empty
    std::string key;         ///< never empty
    std::string_view value;  ///< JSON, as it is written; views the message. Of no meaning for `remove`
    std::string txid;        ///< empty: the message has none
};

/// One control message (STATE-PROTOCOL §5.2). Its `offset` is neither read nor written.
enum class StateControl : std::uint8_t {
    snapshot_start,
    snapshot_end,
    reset,  ///< forget everything: what counts comes after it
};

using StateMessage = std::variant<StateChange, StateControl>;

/// Reads one message of a Durable State stream. Members that the specification does not name are passed over. Throws
/// JsonError with a sentence for what is no such message. The text must outlive the change's `value`.
[[nodiscard]] StateMessage read_state_message(std::string_view text);

/// The message's JSON text. Throws std::invalid_argument for a text that is not UTF-8; `value` is trusted to be JSON.
[[nodiscard]] std::string to_text(const StateMessage& message);

}  // namespace foldback
