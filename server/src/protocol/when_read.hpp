#pragma once

#include <functional>
#include <string>

#include "foldback/store/read_mode.hpp"
#include "protocol/service.hpp"

namespace foldback::server::protocol {

/// Answers at once when everything it has to read is in memory, and otherwise on a thread that may wait for the disk.
/// `answer` is then called once more: up to its last read it must leave what it captured as it was. Reads of one `key`
/// leave room for others. A response given at once lacks
/// the headers common to all responses, a later one has them.
[[nodiscard]] Reply when_read(const Service& service, const std::string& key, std::function<Reply()> answer);

/// The same for what is known not to be in memory.
[[nodiscard]] Reply read_later(const Service& service, std::string key, std::function<Reply()> answer);

/// The answer when too many reads wait for the disk.
[[nodiscard]] Response too_many_reads();

}  // namespace foldback::server::protocol
