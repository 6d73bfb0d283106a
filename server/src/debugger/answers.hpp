#pragma once

#include <string_view>

#include "debugger/context.hpp"

/// The answers of the JSON API, one function for each path below `/debug/api/`. docs/debugger.md describes them. They throw
/// RequestError, ExpressionError, RefusedError, StorageError and what the engine throws.
namespace foldback::server::debugger {

[[nodiscard]] Json answer_about(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_streams(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_events(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_outline(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_search(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_marks(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_links(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_trace(Context& context, const Parameters& parameters);

[[nodiscard]] Json answer_state(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_states(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_diff(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_blame(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_invariants(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_series(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_find(Context& context, const Parameters& parameters);
[[nodiscard]] Json answer_shrink(Context& context, const Parameters& parameters);

/// `body` is the JSON document of a POST.
[[nodiscard]] Json answer_what_if(Context& context, std::string_view body);

/// A file to keep: NDJSON or the source of a test.
[[nodiscard]] Response answer_export(Context& context, const Parameters& parameters);

/// Where the lens's invariants do not hold: [{"name", "first", "broken": [[from, end)…], "complete"}].
[[nodiscard]] Json invariant_reports(AnyTimeline& timeline);
/// Whether each invariant holds where the timeline stands.
[[nodiscard]] Json invariants_at(AnyTimeline& timeline);

}  // namespace foldback::server::debugger
