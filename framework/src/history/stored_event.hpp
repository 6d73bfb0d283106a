#pragma once

#include "foldback/history/answers.hpp"
#include "foldback/store/read_page.hpp"

namespace foldback::history {

/// A message with what its envelope says, as far as it is one.
[[nodiscard]] StoredEvent stored_event(const Message& message);

/// The member `type` of the envelope; empty when there is none. Views the message or `storage`.
[[nodiscard]] std::string_view type_of(std::string_view message, std::string& storage);

}  // namespace foldback::history
