#pragma once

#include <cstdint>

#include "foldback/store/messages.hpp"
#include "foldback/store/read_page.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback::remote {

/// The incarnation of all streams of a server that does not tell a stream from its namesake.
inline constexpr Incarnation only_incarnation{1};

[[nodiscard]] constexpr StreamPoint point_at(std::uint64_t count) { return {only_incarnation, {count}}; }

/// The runs of a page: of `messages`, which begin at `first`, those from `from` on, as far as the request's limits go. Sets
/// runs, next and owners.
void fill_page(ReadPage& page, const Messages& messages, std::uint64_t first, std::uint64_t from,
               const ReadRequest& request);

}  // namespace foldback::remote
