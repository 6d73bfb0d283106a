#pragma once

#include <string>
#include <string_view>

namespace foldback::projection {

/// The `type` of an event's envelope; empty when the text is no envelope with a type. Views the text where it can,
/// `scratch` where the name is written with escapes.
[[nodiscard]] std::string_view event_type(std::string_view json, std::string& scratch);

}  // namespace foldback::projection
