#pragma once

#include "foldback/server/principal.hpp"
#include "foldback/store/read_page.hpp"

namespace foldback::server::protocol {

/// Leaves out of a page of the feed what is reserved and what `reader` may not read; null reads everything.
void leave_out_hidden(FeedPage& page, const Principal* reader);

}  // namespace foldback::server::protocol
