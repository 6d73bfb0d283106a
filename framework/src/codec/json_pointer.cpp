#include "codec/json_pointer.hpp"

#include <algorithm>
#include <vector>

namespace foldback::codec {

namespace {

struct Level {
    bool is_object;
    bool at_key = true;
    std::size_t index = 0;
    std::string_view key{};
};

/// The end of the string that begins at `at`: behind its closing quote.
std::size_t string_end(std::string_view text, std::size_t at) {
    for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\') ++at;
    }
    return std::min(at + 1, text.size());
}

}  // namespace

std::string pointer_to(std::string_view text, std::size_t byte) {
    std::vector<Level> levels;
    for (std::size_t at = 0; at < std::min(byte, text.size());) {
        const char c = text[at];
        if (c == '"') {
            const auto end = string_end(text, at);
            if (!levels.empty() && levels.back().is_object && levels.back().at_key && end - at >= 2) {
                levels.back().key = text.substr(at + 1, end - at - 2);
            }
            at = end;
            continue;
        }
        if (c == '{' || c == '[') levels.push_back({.is_object = c == '{'});
        if ((c == '}' || c == ']') && !levels.empty()) levels.pop_back();
        if (c == ':' && !levels.empty()) levels.back().at_key = false;
        if (c == ',' && !levels.empty()) {
            levels.back().at_key = true;
            ++levels.back().index;
        }
        ++at;
    }
    std::string pointer;
    for (const auto& level : levels) {
        if (!level.is_object) {
            pointer += "/" + std::to_string(level.index);
        } else if (!level.at_key) {
            pointer += "/" + std::string(level.key);
        }
    }
    return pointer;
}

}  // namespace foldback::codec
