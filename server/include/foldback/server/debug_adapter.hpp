#pragma once

#include <iosfwd>
#include <string>

#include "foldback/history/registry.hpp"

namespace foldback::server {

/// Folds the streams that `foldback compare` sends with this program's lenses, and says what became of them: one JSON
/// document a line, question and answer, until `in` ends. docs/debugger.md describes the protocol. What a lens redacts is
/// in no state that it answers with. It opens no store.
///
///     if (verb == "debug-adapter") return run_debug_adapter(registry, "orders 1.4.0", std::cin, std::cout);
///
/// 0, or 1 when the last question was cut off or `out` failed.
[[nodiscard]] int run_debug_adapter(const Registry& registry, const std::string& build, std::istream& in,
                                    std::ostream& out);

}  // namespace foldback::server
