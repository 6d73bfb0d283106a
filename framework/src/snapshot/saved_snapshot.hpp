#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>

#include "foldback/app/snapshot_store.hpp"
#include "log/crc32c.hpp"

namespace foldback::snapshot {

/// A checksum over a snapshot's key and bytes: it tells damage, and a row that was moved to another key.
[[nodiscard]] inline std::uint32_t checksum_of(const SnapshotKey& key, const Snapshot& snapshot) {
    auto text = key.stream.text();
    for (const auto number : {key.incarnation.value, key.fingerprint, snapshot.offset.value,
                              static_cast<std::uint64_t>(snapshot.taken_at.time_since_epoch().count())}) {
        text += '\0' + std::to_string(number);
    }
    return log::crc32c(snapshot.state, log::crc32c(text));
}

inline void check(const Snapshot& snapshot, const SnapshotOptions& options) {
    if (snapshot.state.size() <= options.max_state_bytes) return;
    throw std::invalid_argument("a snapshot of " + std::to_string(snapshot.state.size()) + " bytes; the limit is " +
                                std::to_string(options.max_state_bytes));
}

[[nodiscard]] inline SnapshotOptions checked(SnapshotOptions options) {
    if (options.keep_per_stream == 0) throw std::invalid_argument("a store of snapshots keeps at least one per stream");
    return options;
}

}  // namespace foldback::snapshot
