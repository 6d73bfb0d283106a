#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Numbers as people write and read them.
namespace foldback::cli {

/// "512 B", "1.5 KiB", "64 MiB".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// "12,408".
[[nodiscard]] std::string format_count(std::uint64_t count);

/// "1 event", "12,408 events": the noun takes an s.
[[nodiscard]] std::string format_counted(std::uint64_t count, std::string_view noun);

/// "0.4 s", "12 s", "3 min 04 s", "2 h 05 min".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// A whole decimal number that fills the text; nothing else is a number.
[[nodiscard]] std::optional<std::uint64_t> parse_count(std::string_view text);

/// A count with an optional unit: `8388608`, `8192KiB`, `8MiB`, `1GiB` (`K`, `M`, `G` mean the same).
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// A count with a unit of time: `90s`, `15m`, `12h`, `30d`; at most 100 years.
[[nodiscard]] std::optional<std::chrono::seconds> parse_duration(std::string_view text);

/// The shortest text that `parse_bytes` reads as this number.
[[nodiscard]] std::string bytes_setting(std::uint64_t bytes);

/// The text with control characters and marks that turn its direction replaced by `?`: what a terminal may be shown of a stranger's words.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace foldback::cli
