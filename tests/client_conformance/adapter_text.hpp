#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "foldback/client/read_session.hpp"

namespace adapter {

/// The bytes of a base64 text.
[[nodiscard]] std::string decode_base64(std::string_view text);

/// The options' names as the suite spells them: `max_batch_bytes` becomes `maxBatchBytes`, `initial_delay` `initialDelayMs`.
[[nodiscard]] std::string in_camel_case(std::string_view text);

/// The mode of a read command.
[[nodiscard]] foldback::client::Live live_of(const nlohmann::json& command);

/// What a batch holds, as the suite compares it: JSON without blanks.
[[nodiscard]] std::string data_of(const foldback::client::Batch& batch);

/// Makes one chunk of several, as a client that returns everything at once.
void join(nlohmann::json& chunks);

}  // namespace adapter
