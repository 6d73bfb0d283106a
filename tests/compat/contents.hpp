#pragma once

#include <memory>
#include <string>

#include "foldback/store/log_store.hpp"

/// Stores of released formats, and what is in them.
namespace compat {

/// Everything that a reader can see of a store, as lines of text.
[[nodiscard]] std::string contents_of(foldback::LogStore& store);

/// How the stores are written and opened: small segments, no threads, and a clock that stands still, so that nothing
/// expires however much later they are opened.
[[nodiscard]] foldback::LogStoreOptions options();

/// The epoch and sequence number that producer "till" has reached in stream "produced".
inline constexpr std::uint64_t last_epoch = 3;
inline constexpr std::uint64_t last_seq = 7;

}  // namespace compat
