#include "debugger/question.hpp"

#include <algorithm>
#include <utility>

#include "debugger/expression.hpp"

namespace foldback::server::debugger {

const LensInvariant* invariant_named(const Lens& lens, std::string_view name) {
    const auto found = std::find_if(lens.invariants.begin(), lens.invariants.end(),
                                    [&](const LensInvariant& one) { return one.name == name; });
    return found == lens.invariants.end() ? nullptr : &*found;
}

FoldPredicate predicate_of(const std::string& question, const Lens& lens, const Redaction& redaction) {
    if (const auto* invariant = invariant_named(lens, question))
        return [invariant](const Fold& fold) { return !invariant->holds(fold); };
    const auto is_name = [&](std::string_view word) { return invariant_named(lens, word) != nullptr; };
    auto expression = Expression::parse(question, is_name);
    return [&lens, &redaction, expression = std::move(expression), text = std::string()](const Fold& fold) mutable {
        text.clear();
        fold.write_state(text);
        const auto* members = expression.members();
        const auto state = members == nullptr ? redaction.state(text) : redaction.state(text, *members);
        return expression.holds(state, [&](std::string_view name) {
            const auto* invariant = invariant_named(lens, name);
            return invariant != nullptr && invariant->holds(fold);
        });
    };
}

}  // namespace foldback::server::debugger
