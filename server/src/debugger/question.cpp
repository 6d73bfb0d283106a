#include "debugger/question.hpp"

#include <algorithm>
#include <utility>

namespace foldback::server::debugger {

const LensInvariant* invariant_named(const Lens& lens, std::string_view name) {
    const auto found = std::find_if(lens.invariants.begin(), lens.invariants.end(),
                                    [&](const LensInvariant& one) { return one.name == name; });
    return found == lens.invariants.end() ? nullptr : &*found;
}

void UnseenPointers::look(const Expression& expression, const nlohmann::ordered_json& state) {
    if (!left_) left_ = expression.pointers();
    std::erase_if(*left_, [&](const Expression::Pointer& pointer) {
        bool is_there = false;
        each_value(state, pointer.segments, [&](const auto&) { is_there = true; });
        return is_there;
    });
}

std::vector<std::string> UnseenPointers::texts() const {
    std::vector<std::string> texts;
    if (!left_) return texts;
    for (const auto& pointer : *left_) texts.push_back(pointer.text);
    return texts;
}

FoldPredicate predicate_of(const std::string& question, const Lens& lens, const Redaction& redaction,
                           UnseenPointers* unseen) {
    if (const auto* invariant = invariant_named(lens, question))
        return [invariant](const Fold& fold) { return !invariant->holds(fold); };
    const auto is_name = [&](std::string_view word) { return invariant_named(lens, word) != nullptr; };
    auto expression = Expression::parse(question, is_name);
    return [&lens, &redaction, unseen, expression = std::move(expression),
            text = std::string()](const Fold& fold) mutable {
        text.clear();
        fold.write_state(text);
        const auto* members = expression.members();
        const auto state = members == nullptr ? redaction.state(text) : redaction.state(text, *members);
        if (unseen != nullptr) unseen->look(expression, state);
        return expression.holds(state, [&](std::string_view name) {
            const auto* invariant = invariant_named(lens, name);
            return invariant != nullptr && invariant->holds(fold);
        });
    };
}

}  // namespace foldback::server::debugger
