#pragma once

#include <cstdint>
#include <memory>

#include "foldback/server/principal.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/measured_store.hpp"

namespace foldback::server {

/// How much of a store there is where a principal with a quota may write. Counted in the store, so it is the same after a
/// restart, and deletions give back. Any thread.
class Quotas {
public:
    virtual ~Quotas() = default;

    /// Whether `take` can decide about so many streams and bytes without counting first.
    [[nodiscard]] virtual bool knows(const Principal& principal, std::uint64_t streams, std::uint64_t bytes) const = 0;
    /// Counts. Reads the index, and waits for it. Throws StorageError.
    virtual void count(const Principal& principal) = 0;
    /// Takes up so many streams and bytes for writes that follow; false, and nothing is taken, when they are beyond the
    /// quota. What comes to nothing is given back when it is counted next.
    [[nodiscard]] virtual bool take(const Principal& principal, std::uint64_t streams, std::uint64_t bytes) = 0;
};

/// Both must outlive the result.
[[nodiscard]] std::unique_ptr<Quotas> quotas_of(MeasuredStore& store, const Clock& clock);

}  // namespace foldback::server
