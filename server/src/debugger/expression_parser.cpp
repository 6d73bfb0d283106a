#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include "debugger/expression_node.hpp"
#include "foldback/history/json.hpp"

namespace foldback::server::debugger {

namespace {

using Json = nlohmann::ordered_json;
using Node = Expression::Node;

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

    [[noreturn]] void fail(const std::string& why, bool is_unknown_word = false) const {
        throw ExpressionError("The expression is wrong at byte " + std::to_string(at_) + ": " + why + ".", at_,
                              is_unknown_word);
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
        if (!number.is_number())
            fail("\"" + std::string(name) +
                     "\" is no number, no function and no invariant; a field of the state is written /" +
                     std::string(name),
                 true);
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
        Node node{.kind = kind, .name = std::string(path)};
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

}  // namespace

std::shared_ptr<const Node> parse_expression(std::string_view text,
                                             const std::function<bool(std::string_view)>& is_name) {
    return Parser(text, is_name).whole();
}

}  // namespace foldback::server::debugger
