#pragma once

#include <string>
#include <string_view>

#include "debugger/redaction.hpp"
#include "foldback/history/lens.hpp"

namespace foldback::server::debugger {

/// Null when the lens has none of this name.
[[nodiscard]] const LensInvariant* invariant_named(const Lens& lens, std::string_view name);

/// Where an invariant is broken, when `question` is the name of one; else where the expression is true. The lens and the
/// redaction must outlive it. Throws ExpressionError.
[[nodiscard]] FoldPredicate predicate_of(const std::string& question, const Lens& lens, const Redaction& redaction);

}  // namespace foldback::server::debugger
