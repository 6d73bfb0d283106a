#include "debugger/expression.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

#include "foldback/history/json.hpp"

namespace foldback::server::debugger {

using Json = nlohmann::ordered_json;

struct Expression::Node {
    enum class Kind { all, any, negation, compare, exists, count, sum, pointer, constant, name };
    enum class Operator { equal, unequal, less, less_equal, greater, greater_equal, contains };

    Kind kind = Kind::constant;
    Operator comparison = Operator::equal;
    std::vector<std::shared_ptr<const Node>> parts{};
    std::vector<std::string> segments{};
    Json literal{};
    std::string name{};

    [[nodiscard]] bool truth(const Json& state, const NamedTruth& named) const;
    [[nodiscard]] std::optional<Json> evaluate(const Json& state, const NamedTruth& named) const;
    [[nodiscard]] bool compares(const Json& left, const Json& right) const;
};

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

/// Exact for integers; an array or object counts as the sum of its numbers.
Json sum_at(const Json& state, const Node& node) {
    std::int64_t whole = 0;
    double fraction = 0;
    bool exact = true;
    const auto add = [&](const Json& value) {
        if (!value.is_number()) return;
        const bool fits = value.is_number_integer() &&
                          (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t{INT64_MAX});
        if (!fits || __builtin_add_overflow(whole, value.get<std::int64_t>(), &whole)) exact = false;
        fraction += value.get<double>();
    };
    each_value(state, node.segments, [&](const Json& value) {
        if (value.is_structured()) {
            for (const auto& element : value) add(element);
        } else {
            add(value);
        }
    });
    return exact ? Json(whole) : Json(fraction);
}

/// Text to expression, by recursive descent.
class Parser {
public:
    Parser(std::string_view text, const std::function<bool(std::string_view)>& is_name)
        : text_(text), is_name_(is_name) {}

    std::shared_ptr<const Node> whole() {
        auto node = any_of();
        skip_blanks();
        if (at_ != text_.size()) fail("unexpected \"" + std::string(text_.substr(at_, 12)) + "\"");
        return node;
    }

private:
    using NodePointer = std::shared_ptr<const Node>;

    /// How deep the nesting is, also when it ends by an exception.
    struct Nested {
        explicit Nested(Parser& parser) : parser_(parser) {
            if (++parser_.depth_ > Expression::max_depth) parser_.fail("it is nested too deeply");
        }
        ~Nested() { --parser_.depth_; }
        Parser& parser_;
    };

    [[noreturn]] void fail(const std::string& why) const {
        throw ExpressionError("The expression is wrong at byte " + std::to_string(at_) + ": " + why + ".", at_);
    }

    void skip_blanks() {
        while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
    }

    static bool is_word(char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
               byte == '_' || byte == '-' || byte == '.';
    }

    std::string_view peek_word() {
        skip_blanks();
        std::size_t end = at_;
        while (end < text_.size() && is_word(text_[end])) ++end;
        return text_.substr(at_, end - at_);
    }

    bool take_word(std::string_view word) {
        if (peek_word() != word) return false;
        at_ += word.size();
        return true;
    }

    bool take(std::string_view symbol) {
        skip_blanks();
        if (text_.substr(at_, symbol.size()) != symbol) return false;
        at_ += symbol.size();
        return true;
    }

    void expect(std::string_view symbol) {
        if (!take(symbol)) fail("\"" + std::string(symbol) + "\" is missing");
    }

    NodePointer any_of() {
        return chain("or", Node::Kind::any, [this] { return all_of(); });
    }
    NodePointer all_of() {
        return chain("and", Node::Kind::all, [this] { return negation(); });
    }

    template <class Part>
    NodePointer chain(std::string_view word, Node::Kind kind, const Part& part) {
        auto first = part();
        if (peek_word() != word) return first;
        Node node{.kind = kind};
        node.parts.push_back(std::move(first));
        while (take_word(word)) node.parts.push_back(part());
        return std::make_shared<const Node>(std::move(node));
    }

    NodePointer negation() {
        const Nested nested(*this);
        if (!take_word("not")) return comparison();
        Node node{.kind = Node::Kind::negation};
        node.parts.push_back(negation());
        return std::make_shared<const Node>(std::move(node));
    }

    NodePointer comparison() {
        auto left = operand();
        const auto found = take_operator();
        if (!found) return left;
        Node node{.kind = Node::Kind::compare, .comparison = *found};
        node.parts.push_back(std::move(left));
        node.parts.push_back(operand());
        return std::make_shared<const Node>(std::move(node));
    }

    std::optional<Node::Operator> take_operator() {
        using Operator = Node::Operator;
        if (take("==") || take("=")) return Operator::equal;
        if (take("!=")) return Operator::unequal;
        if (take("<=")) return Operator::less_equal;
        if (take(">=")) return Operator::greater_equal;
        if (take("<")) return Operator::less;
        if (take(">")) return Operator::greater;
        if (take_word("contains")) return Operator::contains;
        return std::nullopt;
    }

    NodePointer operand() {
        const Nested nested(*this);
        skip_blanks();
        if (at_ == text_.size()) fail("a value is missing");
        if (take("(")) {
            auto inside = any_of();
            expect(")");
            return inside;
        }
        if (text_[at_] == '/' || text_[at_] == '`') return pointer(Node::Kind::pointer);
        if (text_[at_] == '"' || text_[at_] == '\'') return constant(quoted());
        return word();
    }

    NodePointer word() {
        const auto name = peek_word();
        if (name.empty()) fail("a pointer such as /total, a number, a string or a function should stand here");
        if (name == "exists") return function(name, Node::Kind::exists);
        if (name == "count") return function(name, Node::Kind::count);
        if (name == "sum") return function(name, Node::Kind::sum);
        if (name == "true" || name == "false" || name == "null") return at_ += name.size(), constant(Json::parse(name));
        if (is_name_ && is_name_(name)) {
            at_ += name.size();
            return std::make_shared<const Node>(Node{.kind = Node::Kind::name, .name = std::string(name)});
        }
        auto number = Json::parse(name, nullptr, false);
        if (!number.is_number()) fail("\"" + std::string(name) + "\" is no number, no function and no invariant");
        at_ += name.size();
        return constant(std::move(number));
    }

    NodePointer function(std::string_view name, Node::Kind kind) {
        at_ += name.size();
        expect("(");
        skip_blanks();
        auto node = pointer(kind);
        expect(")");
        return node;
    }

    /// `/lines/*/price`, or in back-quotes when it contains blanks or operators. `exists()` alone is of the whole state.
    NodePointer pointer(Node::Kind kind) {
        std::string_view path;
        if (at_ < text_.size() && text_[at_] == '`') {
            const auto end = text_.find('`', at_ + 1);
            if (end == std::string_view::npos) fail("the closing ` of the pointer is missing");
            path = text_.substr(at_ + 1, end - at_ - 1);
            at_ = end + 1;
        } else {
            const auto end = std::min(text_.find_first_of(" \t\n()<>=!,`\"'", at_), text_.size());
            path = text_.substr(at_, end - at_);
            at_ = end;
        }
        Node node{.kind = kind};
        try {
            node.segments = pointer_segments(path);
        } catch (const std::invalid_argument& error) {
            fail(error.what());
        }
        return std::make_shared<const Node>(std::move(node));
    }

    /// 'text' as it is, or "text" with JSON's escapes.
    Json quoted() {
        const char quote = text_[at_];
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' && quote == '"' ? 2 : 1;
        if (end >= text_.size()) fail("the closing quote is missing");
        const auto literal = text_.substr(at_, end + 1 - at_);
        auto value = quote == '"' ? Json::parse(literal, nullptr, false)
                                  : Json(std::string(literal.substr(1, literal.size() - 2)));
        if (value.is_discarded()) fail("the string has a wrong escape");
        at_ = end + 1;
        return value;
    }

    static NodePointer constant(Json value) {
        return std::make_shared<const Node>(Node{.kind = Node::Kind::constant, .literal = std::move(value)});
    }

    std::string_view text_;
    const std::function<bool(std::string_view)>& is_name_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
};

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
            const auto left = parts[0]->evaluate(state, named);
            const auto right = parts[1]->evaluate(state, named);
            if (!left || !right) return comparison == Operator::unequal && left.has_value() != right.has_value();
            return compares(*left, *right);
        }
        case Kind::exists: return values_at(state, *this) > 0;
        case Kind::count: return count_at(state, *this);
        case Kind::sum: return sum_at(state, *this);
        case Kind::pointer: {
            std::optional<Json> first;
            each_value(state, segments, [&](const Json& value) {
                if (!first) first = value;
            });
            return first;
        }
        case Kind::constant: return literal;
        case Kind::name: return named && named(name);
    }
    return std::nullopt;
}

bool Node::compares(const Json& left, const Json& right) const {
    const bool ordered = (left.is_number() && right.is_number()) || (left.is_string() && right.is_string());
    switch (comparison) {
        case Operator::equal: return left == right;
        case Operator::unequal: return left != right;
        case Operator::less: return ordered && left < right;
        case Operator::less_equal: return ordered && left <= right;
        case Operator::greater: return ordered && left > right;
        case Operator::greater_equal: return ordered && left >= right;
        case Operator::contains: return contains(left, right);
    }
    return false;
}

namespace {

/// Adds the first segments of the pointers in it; false when one is of the whole state.
bool add_members(const Node& node, std::vector<std::string>& members) {
    using Kind = Node::Kind;
    if (node.kind == Kind::pointer || node.kind == Kind::exists || node.kind == Kind::count || node.kind == Kind::sum) {
        if (node.segments.empty() || node.segments.front() == "*") return false;
        if (std::find(members.begin(), members.end(), node.segments.front()) == members.end())
            members.push_back(node.segments.front());
    }
    return std::all_of(node.parts.begin(), node.parts.end(),
                       [&](const auto& part) { return add_members(*part, members); });
}

}  // namespace

Expression::Expression(std::shared_ptr<const Node> root) : root_(std::move(root)), members_(std::in_place) {
    if (!add_members(*root_, *members_)) members_.reset();
}

Expression Expression::parse(std::string_view text, const std::function<bool(std::string_view)>& is_name) {
    if (text.size() > max_bytes) throw ExpressionError("The expression is longer than 4096 bytes.", max_bytes);
    return Expression(Parser(text, is_name).whole());
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
