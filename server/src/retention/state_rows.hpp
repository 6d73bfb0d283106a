#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foldback::server {

/// What a message of the State protocol (STATE-PROTOCOL §4) is.
struct StateMessage {
    enum class Kind : std::uint8_t { change, removal, snapshot_start, snapshot_end, reset, other };

    Kind kind = Kind::other;
    std::string type;        ///< of a change or removal
    std::string key;         ///< likewise
    std::string_view value;  ///< of a change, as it is written; a view into the message
};

/// `other` when it is not a message of that protocol.
[[nodiscard]] StateMessage parse_state_message(std::string_view message);

/// The rows that a stream of the State protocol makes, folded from its messages.
class StateRows {
public:
    /// False when the message is none of the protocol's: then the stream is something else.
    [[nodiscard]] bool apply(std::string_view message);

    /// Roughly what a snapshot takes.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

    /// The rows as messages between snapshot-start and snapshot-end. The values are the exact texts that were written.
    [[nodiscard]] std::vector<std::string> snapshot() const;

private:
    std::map<std::pair<std::string, std::string>, std::string> rows_;  ///< (type, key) → value
    std::uint64_t bytes_ = 0;
};

}  // namespace foldback::server
