#pragma once

#include <sqlite3.h>

namespace foldback::app {

/// SQLite's own page cache, spared a search: the methods for SQLITE_CONFIG_PCACHE2.
///
/// When a statement puts the pages of a b-tree in order, it moves one of them to a number far above the end of the file, and away
/// again. From then on SQLite's cache holds that such pages may be there, and looks through all that it has at the end of the
/// transaction. With tens of thousands of pages and a few dozen transactions a second that is a tenth of what the rows cost.
/// These methods remember that the page has gone, and do not ask the cache to look for what is not there.
///
/// Null when SQLite does not tell its own methods. Before SQLite is used; the same for all calls.
[[nodiscard]] const sqlite3_pcache_methods2* page_cache_methods() noexcept;

}  // namespace foldback::app
