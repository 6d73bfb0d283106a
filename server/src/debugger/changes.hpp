#pragma once

#include <vector>

#include "debugger/redaction.hpp"

namespace foldback::server::debugger {

/// What is different between two states, for people: an array of {"kind", "pointer", "path", "before", "after"}.
///
/// `pointer` is where the value is now (of a removed one: was). `path` is the same with the elements of arrays that have an
/// identity field named by it: `/lines/[tea]/price`. `kind` is added, removed or changed. At most `max_changes`, then one of
/// the kind "more".
inline constexpr std::size_t max_changes = 2000;
[[nodiscard]] Json list_changes(const Json& before, const Json& after, const std::vector<IdentityField>& identity);

}  // namespace foldback::server::debugger
