#pragma once

#include <string>
#include <string_view>

#include "foldback/store/types.hpp"

namespace foldback {

/// `id` as one segment of a path: a control character, a backslash, `%`, and the dots of `.` and `..` become `%` and two
/// hexadecimal digits; all else, letters of any script included, stays as it is. Different ids have different segments.
/// Throws std::invalid_argument for an id that is empty or has a `/`.
[[nodiscard]] std::string path_segment(std::string_view id);

/// The id that path_segment made this segment of. Throws std::invalid_argument for a segment that it does not make.
[[nodiscard]] std::string id_of_segment(std::string_view segment);

/// The stream of an aggregate: `<category>/<id>`. A category may have several segments. Throws std::invalid_argument as
/// path_segment does, for an id that is not UTF-8, for a category that is no path, and when both together are longer than
/// a path may be.
[[nodiscard]] StreamPath aggregate_path(std::string_view category, std::string_view id);

/// The stream that remembers a command: `<prefix>/<command id>`. As aggregate_path, but a `/` of the id is escaped too.
[[nodiscard]] StreamPath command_path(std::string_view prefix, std::string_view command_id);

}  // namespace foldback
