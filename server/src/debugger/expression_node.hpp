#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "debugger/expression.hpp"

namespace foldback::server::debugger {

/// A part of an expression, with its parts.
struct Expression::Node {
    using Json = nlohmann::ordered_json;

    enum class Kind { all, any, negation, compare, exists, count, sum, pointer, constant, name };
    enum class Operator { equal, unequal, less, less_equal, greater, greater_equal, contains };

    Kind kind = Kind::constant;
    Operator comparison = Operator::equal;
    std::vector<std::shared_ptr<const Node>> parts{};
    std::vector<std::string> segments{};
    Json literal{};
    std::string name{};  ///< of an invariant; of a pointer as it is written

    [[nodiscard]] bool truth(const Json& state, const NamedTruth& named) const;
    [[nodiscard]] std::optional<Json> evaluate(const Json& state, const NamedTruth& named) const;
    /// The value, which is in the state, in this expression or else in `storage`; null: there is none.
    [[nodiscard]] const Json* find(const Json& state, const NamedTruth& named, std::optional<Json>& storage) const;
    [[nodiscard]] bool compares(const Json& left, const Json& right) const;
};

/// Text to expression. Throws ExpressionError.
[[nodiscard]] std::shared_ptr<const Expression::Node> parse_expression(
    std::string_view text, const std::function<bool(std::string_view)>& is_name);

}  // namespace foldback::server::debugger
