#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace foldback::cli {

/// One `key = value` line.
struct ConfigEntry {
    std::string key;    ///< with dashes: `long_poll_timeout_ms` is read as `long-poll-timeout-ms`
    std::string value;  ///< unquoted
    std::size_t line = 0;
};

/// A configuration file: one `key = value` per line, comments from `#`, values as TOML writes them ("text", 'text',
/// 10_000, true) or as bare words. A `[serve]` line may stand before the keys. Our own reader rather than CLI11's,
/// which ranks the file above the environment, cuts quoted values at `#` and cannot name the line that is wrong.
struct ConfigFile {
    std::string name;  ///< for messages
    std::vector<ConfigEntry> entries;
};

/// Throws Failure (usage) naming file and line.
[[nodiscard]] ConfigFile parse_config(std::string_view text, std::string name);

/// The whole of a file that people write: at most 1 MiB. Throws Failure (not_found, usage).
[[nodiscard]] std::string read_settings_text(const std::filesystem::path& path);

/// Throws Failure (not_found, usage).
[[nodiscard]] ConfigFile read_config(const std::filesystem::path& path);

}  // namespace foldback::cli
