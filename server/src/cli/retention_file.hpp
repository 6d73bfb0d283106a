#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "retention/rules.hpp"

namespace foldback::cli {

/// Reads retention rules: one per line, a pattern and what is kept of the streams that match, or `hold`.
///
///     # the first pattern that matches counts; a hold always does
///     legal/**     hold
///     logs/**      max-age=7d max-bytes=10GiB
///     orders/*     max-messages=100000
///     views/**     compact-from=16MiB keep-offsets=1h
///
/// Throws Failure (usage) that names the line.
[[nodiscard]] server::RetentionRules parse_retention(std::string_view text, const std::string& name);

/// The same from a file; without a name no rules. Throws Failure (usage, not_found).
[[nodiscard]] server::RetentionRules read_retention_file(const std::filesystem::path& path);

}  // namespace foldback::cli
