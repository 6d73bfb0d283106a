#pragma once

namespace foldback::app {

/// The name of SQLite's default VFS with one thing changed: what a transaction adds to a write-ahead log is written at once when it
/// is committed, not in two calls for each page. An error of that write is the commit's. Registered at the first call; any thread.
[[nodiscard]] const char* gathering_vfs();

}  // namespace foldback::app
