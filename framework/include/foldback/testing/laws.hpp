#pragma once

#include <optional>

#include <boost/assert/source_location.hpp>

#include "foldback/testing/failure.hpp"
#include "foldback/testing/law_check.hpp"
#include "foldback/testing/law_options.hpp"

namespace foldback::testing {

/// Tries the laws on random histories:
///
/// - `events-are-described`: no event struct has members that its description leaves out
/// - `encoding-is-lossless`: each event, stored and read again, is the same event
/// - `fold-is-deterministic`: the same events, folded again, give the same state
/// - `chunks-are-the-whole`: folding on from a copy gives the same state as folding in one go, and leaves the original alone
/// - `snapshot-is-the-state`: a state that was stored and read again folds on to the same state, from any place
/// - `deciding-twice-is-once`: what is claimed to be idempotent is
///
/// States are compared by their JSON and, where they have one, by ==. The state must be described. Returns the first law
/// that does not hold, after deleting events from the history for as long as it does not.
template <class Aggregate>
[[nodiscard]] std::optional<BrokenLaw> find_broken_law(const LawOptions<Aggregate>& options = {}) {
    return detail::LawChecker<Aggregate>(options).run();
}

/// The same as a test: fails with the law, the seed and the smallest history.
///
///     foldback::testing::check_laws<Order>();
template <class Aggregate>
void check_laws(const LawOptions<Aggregate>& options = {},
                const boost::source_location& where = BOOST_CURRENT_LOCATION) {
    if (const auto broken = find_broken_law<Aggregate>(options)) fail(broken->text(), where);
}

}  // namespace foldback::testing
