#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "foldback/history/lens.hpp"

namespace foldback::server::debugger {

using Json = nlohmann::ordered_json;

/// What a lens hides. Everything that leaves the debugger goes through here.
class Redaction {
public:
    static constexpr const char* mark = "••••";

    explicit Redaction(const std::vector<std::string>& pointers);

    [[nodiscard]] bool empty() const noexcept { return patterns_.empty(); }

    /// A state from its text, without what is hidden. Null when the text is no JSON that can be represented.
    [[nodiscard]] Json state(std::string_view text) const;
    /// Of a state that is an object, only some of its members. For questions that are asked about every state.
    [[nodiscard]] Json state(std::string_view text, const std::vector<std::string>& members) const;
    /// A message from its text: of one in our envelope the `data` is meant, of another the whole. Discarded when the text is
    /// no JSON that can be represented.
    [[nodiscard]] Json message(std::string_view text) const;
    /// The message's text: as it is stored when nothing in it is hidden.
    [[nodiscard]] std::string message_text(std::string_view text) const;

    /// Whether the value at a concrete pointer is hidden, or lies in a value that is.
    [[nodiscard]] bool hides(const std::vector<std::string>& segments) const;

    /// A message that somebody edited from what was shown of `original`: what is hidden in it is as it was.
    static void restore(Json& edited, const Json& original);

private:
    std::vector<std::vector<std::string>> patterns_;
};

}  // namespace foldback::server::debugger
