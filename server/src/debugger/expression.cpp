#include "debugger/expression.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "debugger/amount.hpp"
#include "debugger/expression_node.hpp"

namespace foldback::server::debugger {

using Json = nlohmann::ordered_json;

namespace {

using Node = Expression::Node;

std::size_t values_at(const Json& state, const Node& node) {
    std::size_t found = 0;
    each_value(state, node.segments, [&](const Json&) { ++found; });
    return found;
}

/// Of one array or object: its elements. Of several values: how many.
std::size_t count_at(const Json& state, const Node& node) {
    const Json* only = nullptr;
    std::size_t found = 0;
    each_value(state, node.segments, [&](const Json& value) { ++found, only = &value; });
    const bool is_pattern = std::find(node.segments.begin(), node.segments.end(), "*") != node.segments.end();
    if (is_pattern || only == nullptr) return found;
    return only->is_structured() ? only->size() : 1;
}

/// Of an integer, or of an amount in a string.
std::optional<Amount> amount_of(const Json& value) {
    if (value.is_string()) return amount_in(value.get_ref<const std::string&>());
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
    return fits ? std::optional(Amount{.units = value.get<std::int64_t>()}) : std::nullopt;
}

/// Exact for integers and for amounts in strings; an array or object counts as the sum of its numbers.
Json sum_at(const Json& state, const Node& node) {
    std::optional<Amount> exact = Amount{};
    double fraction = 0;
    const auto add = [&](const Json& value) {
        const auto amount = amount_of(value);
        const auto number = amount ? amount->number() : value;
        if (!number.is_number()) return;
        if (exact) exact = amount ? sum_of(*exact, *amount) : std::nullopt;
        fraction += number.get<double>();
    };
    each_value(state, node.segments, [&](const Json& value) {
        if (value.is_structured()) {
            for (const auto& element : value) add(element);
        } else {
            add(value);
        }
    });
    return exact ? exact->number() : Json(fraction);
}

/// An amount in a string, as the number that it is; else the value itself.
Json as_number(const Json& value) {
    const auto amount = value.is_string() ? amount_of(value) : std::nullopt;
    return amount ? amount->number() : value;
}

bool is_true(const Json& value) {
    if (value.is_boolean()) return value.get<bool>();
    return !value.is_null();
}

bool contains(const Json& left, const Json& right) {
    if (left.is_string() && right.is_string())
        return left.get_ref<const std::string&>().find(right.get_ref<const std::string&>()) != std::string::npos;
    if (left.is_array()) return std::find(left.begin(), left.end(), right) != left.end();
    return left.is_object() && right.is_string() && left.contains(right.get_ref<const std::string&>());
}

}  // namespace

bool Node::truth(const Json& state, const NamedTruth& named) const {
    switch (kind) {
        case Kind::all:
            for (const auto& part : parts) {
                if (!part->truth(state, named)) return false;
            }
            return true;
        case Kind::any:
            for (const auto& part : parts) {
                if (part->truth(state, named)) return true;
            }
            return false;
        default: {
            const auto value = evaluate(state, named);
            return value && is_true(*value);
        }
    }
}

std::optional<Json> Node::evaluate(const Json& state, const NamedTruth& named) const {
    switch (kind) {
        case Kind::all:
        case Kind::any: return truth(state, named);
        case Kind::negation: return !parts[0]->truth(state, named);
        case Kind::compare: {
            std::optional<Json> left_storage;
            std::optional<Json> right_storage;
            const auto* left = parts[0]->find(state, named, left_storage);
            const auto* right = parts[1]->find(state, named, right_storage);
            if (left == nullptr || right == nullptr)
                return comparison == Operator::unequal && (left == nullptr) != (right == nullptr);
            return compares(*left, *right);
        }
        case Kind::exists: return values_at(state, *this) > 0;
        case Kind::count: return count_at(state, *this);
        case Kind::sum: return sum_at(state, *this);
        case Kind::pointer:
        case Kind::constant: {
            std::optional<Json> storage;
            const auto* value = find(state, named, storage);
            return value == nullptr ? std::nullopt : std::optional(*value);
        }
        case Kind::name: return named && named(name);
    }
    return std::nullopt;
}

const Json* Node::find(const Json& state, const NamedTruth& named, std::optional<Json>& storage) const {
    if (kind == Kind::constant) return &literal;
    if (kind == Kind::pointer) {
        const Json* first = nullptr;
        each_value(state, segments, [&](const Json& value) {
            if (first == nullptr) first = &value;
        });
        return first;
    }
    storage = evaluate(state, named);
    return storage ? &*storage : nullptr;
}

bool Node::compares(const Json& left, const Json& right) const {
    const bool are_texts = left.is_string() && right.is_string();
    const bool is_of_equality = comparison == Operator::equal || comparison == Operator::unequal;
    if (comparison == Operator::contains) return contains(left, right);
    // "9.50" is less than 10 and than "10.00"; but "007" is another text than "7".
    if ((left.is_string() || right.is_string()) && !(are_texts && is_of_equality)) {
        const auto left_number = as_number(left);
        const auto right_number = as_number(right);
        if (left_number.is_number() && right_number.is_number()) return compares(left_number, right_number);
    }
    const bool ordered = are_texts || (left.is_number() && right.is_number());
    switch (comparison) {
        case Operator::equal: return left == right;
        case Operator::unequal: return left != right;
        case Operator::less: return ordered && left < right;
        case Operator::less_equal: return ordered && left <= right;
        case Operator::greater: return ordered && left > right;
        case Operator::greater_equal: return ordered && left >= right;
        case Operator::contains: break;
    }
    return false;
}

namespace {

bool is_of_pointer(const Node& node) {
    using Kind = Node::Kind;
    return node.kind == Kind::pointer || node.kind == Kind::exists || node.kind == Kind::count ||
           node.kind == Kind::sum;
}

/// Adds the first segments of the pointers in it; false when one is of the whole state.
bool add_members(const Node& node, std::vector<std::string>& members) {
    if (is_of_pointer(node)) {
        if (node.segments.empty() || node.segments.front() == "*") return false;
        if (std::find(members.begin(), members.end(), node.segments.front()) == members.end())
            members.push_back(node.segments.front());
    }
    return std::all_of(node.parts.begin(), node.parts.end(),
                       [&](const auto& part) { return add_members(*part, members); });
}

void add_pointers(const Node& node, std::vector<Expression::Pointer>& pointers) {
    const auto is_there = [&](const Expression::Pointer& one) { return one.text == node.name; };
    if (is_of_pointer(node) && std::none_of(pointers.begin(), pointers.end(), is_there))
        pointers.push_back({node.name, node.segments});
    for (const auto& part : node.parts) add_pointers(*part, pointers);
}

}  // namespace

Expression::Expression(std::shared_ptr<const Node> root) : root_(std::move(root)), members_(std::in_place) {
    if (!add_members(*root_, *members_)) members_.reset();
}

Expression Expression::parse(std::string_view text, const std::function<bool(std::string_view)>& is_name) {
    if (text.size() > max_bytes) throw ExpressionError("The expression is longer than 4096 bytes.", max_bytes);
    return Expression(parse_expression(text, is_name));
}

std::vector<Expression::Pointer> Expression::pointers() const {
    std::vector<Pointer> pointers;
    add_pointers(*root_, pointers);
    return pointers;
}

bool Expression::holds(const Json& state, const NamedTruth& named) const { return root_->truth(state, named); }

namespace {

const Json* child(const Json& value, const std::string& segment) {
    if (value.is_object()) {
        const auto found = value.find(segment);
        return found == value.end() ? nullptr : &*found;
    }
    if (!value.is_array() || segment.empty() || segment.size() > 9) return nullptr;
    std::size_t index = 0;
    for (const char digit : segment) {
        if (digit < '0' || digit > '9') return nullptr;
        index = index * 10 + static_cast<std::size_t>(digit - '0');
    }
    return index < value.size() ? &value[index] : nullptr;
}

void each_value_from(const Json& value, const std::vector<std::string>& segments, std::size_t at,
                     const std::function<void(const Json&)>& found) {
    if (at == segments.size()) return found(value);
    if (segments[at] == "*" && value.is_structured()) {
        for (const auto& element : value) each_value_from(element, segments, at + 1, found);
    } else if (const auto* next = child(value, segments[at])) {
        each_value_from(*next, segments, at + 1, found);
    }
}

}  // namespace

void each_value(const Json& document, const std::vector<std::string>& segments,
                const std::function<void(const Json&)>& found) {
    each_value_from(document, segments, 0, found);
}

}  // namespace foldback::server::debugger
