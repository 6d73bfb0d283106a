#include "foldback/history/json.hpp"

#include <algorithm>
#include <stdexcept>

#include "history/json_document.hpp"

namespace foldback {

namespace history {

Json parse_json(std::string_view text) {
    auto document = Json::parse(text, nullptr, false);
    if (document.is_discarded()) throw std::invalid_argument("this is no JSON: " + std::string(text.substr(0, 80)));
    return document;
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

std::vector<std::string> pointer_segments(std::string_view pointer) {
    std::vector<std::string> segments;
    if (pointer.empty()) return segments;
    if (pointer.front() != '/') throw std::invalid_argument("a JSON Pointer begins with a slash");
    for (std::size_t at = 0; at < pointer.size();) {
        const auto end = std::min(pointer.find('/', at + 1), pointer.size());
        std::string segment;
        for (std::size_t i = at + 1; i < end; ++i) {
            if (pointer[i] != '~') {
                segment += pointer[i];
            } else if (i + 1 < end && (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
                segment += pointer[++i] == '0' ? '~' : '/';
            } else {
                throw std::invalid_argument("in a JSON Pointer ~ stands before 0 or 1");
            }
        }
        segments.push_back(std::move(segment));
        at = end;
    }
    return segments;
}

std::string escaped_segment(std::string_view segment) {
    std::string text;
    for (const char c : segment) {
        if (c == '~') {
            text += "~0";
        } else if (c == '/') {
            text += "~1";
        } else {
            text += c;
        }
    }
    return text;
}

}  // namespace foldback
