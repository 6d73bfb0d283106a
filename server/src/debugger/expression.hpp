#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// A small language of questions about a state: `/total < 0 and count(/lines) > 2`. docs/debugger.md describes it.
namespace foldback::server::debugger {

/// Why a text is no expression. `what()` is a sentence for people, `at` the byte where it goes wrong.
class ExpressionError : public std::runtime_error {
public:
    ExpressionError(const std::string& what, std::size_t at_byte, bool unknown_word = false)
        : std::runtime_error(what), at(at_byte), is_unknown_word(unknown_word) {}

    std::size_t at;
    bool is_unknown_word;  ///< what stands there might have been meant as the name of an invariant
};

/// Whether an invariant holds, by its name. Throws for a name that is none.
using NamedTruth = std::function<bool(std::string_view name)>;

/// A parsed expression. A value; it can be asked by several threads at once.
///
/// A comparison of what is not comparable (another type, nothing there) is false, and so is its opposite but `!=`.
class Expression {
public:
    static constexpr std::size_t max_bytes = 4096;
    static constexpr std::size_t max_depth = 64;

    /// Throws ExpressionError. `is_name` says which words are names of invariants.
    static Expression parse(std::string_view text, const std::function<bool(std::string_view)>& is_name = {});

    [[nodiscard]] bool holds(const nlohmann::ordered_json& state, const NamedTruth& named = {}) const;

    /// The members of a state that it asks about, so that the others need not be read; null: it asks about all of it.
    [[nodiscard]] const std::vector<std::string>* members() const { return members_ ? &*members_ : nullptr; }

    /// What each pointer in it names, each text once.
    struct Pointer {
        std::string text;
        std::vector<std::string> segments;
    };
    [[nodiscard]] std::vector<Pointer> pointers() const;

    struct Node;

private:
    explicit Expression(std::shared_ptr<const Node> root);

    std::shared_ptr<const Node> root_;
    std::optional<std::vector<std::string>> members_;
};

/// Calls `found` for every value that a pointer names, where the segment `*` stands for any key or index.
void each_value(const nlohmann::ordered_json& document, const std::vector<std::string>& segments,
                const std::function<void(const nlohmann::ordered_json&)>& found);

}  // namespace foldback::server::debugger
