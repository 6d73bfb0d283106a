#include "debugger/question.hpp"

#include <algorithm>
#include <utility>

namespace foldback::server::debugger {

const LensInvariant* invariant_named(const Lens& lens, std::string_view name) {
    const auto found = std::find_if(lens.invariants.begin(), lens.invariants.end(),
                                    [&](const LensInvariant& one) { return one.name == name; });
    return found == lens.invariants.end() ? nullptr : &*found;
}

Expression expression_of(const std::string& question, const std::vector<std::string>& invariants) {
    try {
        return Expression::parse(question, [&](std::string_view word) {
            return std::find(invariants.begin(), invariants.end(), word) != invariants.end();
        });
    } catch (const ExpressionError& error) {
        if (!error.is_unknown_word || invariants.empty()) throw;
        std::string names;
        for (const auto& name : invariants) names += (names.empty() ? "" : ", ") + name;
        throw ExpressionError(std::string(error.what()) + " The invariants are: " + names + ".", error.at, true);
    }
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
    std::vector<std::string> invariants;
    for (const auto& invariant : lens.invariants) invariants.push_back(invariant.name);
    auto expression = expression_of(question, invariants);
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
