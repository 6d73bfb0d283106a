#include "foldback/history/json.hpp"

#include <stdexcept>

#include "history/json_document.hpp"

namespace foldback {

namespace history {

Json parse_json(std::string_view text) {
    auto document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) throw std::invalid_argument("this is no JSON: " + std::string(text.substr(0, 80)));
    return document;
}

void append_pointer(std::string& pointer, std::string_view key) {
    pointer += '/';
    for (const char c : key) {
        if (c == '~') {
            pointer += "~0";
        } else if (c == '/') {
            pointer += "~1";
        } else {
            pointer += c;
        }
    }
}

std::string to_text(const Json& document) {
    // What is not UTF-8 was not stored; but a lens may cut a text anywhere.
    return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace history

std::string json_diff(std::string_view before, std::string_view after) {
    if (before == after) return "[]";
    return history::to_text(history::Json::diff(history::parse_json(before), history::parse_json(after)));
}

std::string json_patched(std::string_view document, std::string_view patch) {
    const auto parsed = history::parse_json(document);
    const auto changes = history::parse_json(patch);
    try {
        return history::to_text(parsed.patch(changes));
    } catch (const history::Json::exception& error) {
        throw std::invalid_argument(std::string("this patch does not fit: ") + error.what());
    }
}

bool json_equal(std::string_view left, std::string_view right) {
    const auto one = history::Json::parse(left, nullptr, false);
    const auto two = history::Json::parse(right, nullptr, false);
    return !one.is_discarded() && !two.is_discarded() && one == two;
}

}  // namespace foldback
