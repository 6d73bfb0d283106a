#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "debugger/expression.hpp"
#include "debugger/redaction.hpp"
#include "foldback/history/lens.hpp"

namespace foldback::server::debugger {

/// Null when the lens has none of this name.
[[nodiscard]] const LensInvariant* invariant_named(const Lens& lens, std::string_view name);

/// The expression that a question is. Throws ExpressionError, with the invariants that there are where a word is none.
[[nodiscard]] Expression expression_of(const std::string& question, const std::vector<std::string>& invariants);

/// Which pointers of a question have been in no state so far: they may be mistyped, and then the answer "never" means nothing.
class UnseenPointers {
public:
    void look(const Expression& expression, const nlohmann::ordered_json& state);
    /// As they are written; none before a state was looked at.
    [[nodiscard]] std::vector<std::string> texts() const;

private:
    std::optional<std::vector<Expression::Pointer>> left_;
};

/// Where an invariant is broken, when `question` is the name of one; else where the expression is true. The lens and the
/// redaction must outlive it, and so must `unseen`, which is told of every state. Throws ExpressionError.
[[nodiscard]] FoldPredicate predicate_of(const std::string& question, const Lens& lens, const Redaction& redaction,
                                         UnseenPointers* unseen = nullptr);

}  // namespace foldback::server::debugger
