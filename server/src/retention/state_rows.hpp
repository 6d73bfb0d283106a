#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/state/state_message.hpp"

namespace foldback::server {

/// Empty when it is no message of the State protocol. The text must outlive a change's value.
[[nodiscard]] std::optional<StateMessage> state_message_of(std::string_view text);

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
