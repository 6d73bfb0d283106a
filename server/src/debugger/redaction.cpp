#include "debugger/redaction.hpp"

#include <algorithm>
#include <charconv>

#include "foldback/core/json_reader.hpp"
#include "foldback/history/json.hpp"

namespace foldback::server::debugger {

namespace {

bool hide(Json& value, const std::vector<std::string>& pattern, std::size_t at) {
    if (at == pattern.size()) {
        value = Redaction::mark;
        return true;
    }
    bool hidden = false;
    if (value.is_object()) {
        for (auto& [key, element] : value.items()) {
            if (pattern[at] == "*" || pattern[at] == key) hidden = hide(element, pattern, at + 1) || hidden;
        }
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            if (pattern[at] == "*" || pattern[at] == std::to_string(i))
                hidden = hide(value[i], pattern, at + 1) || hidden;
        }
    }
    return hidden;
}

/// What Json::parse makes of it, sooner for the integers that questions are mostly about.
Json parse_value(std::string_view text) {
    constexpr std::size_t surely_fits = 18;
    if (text.size() <= surely_fits) {
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc() && end == text.data() + text.size()) return number;
    }
    return Json::parse(text, nullptr, false);
}

}  // namespace

Redaction::Redaction(const std::vector<std::string>& pointers) {
    for (const auto& pointer : pointers) patterns_.push_back(pointer_segments(pointer));
}

Json Redaction::state(std::string_view text) const {
    auto value = Json::parse(text, nullptr, false);
    if (value.is_discarded()) return nullptr;
    for (const auto& pattern : patterns_) hide(value, pattern, 0);
    return value;
}

Json Redaction::state(std::string_view text, const std::vector<std::string>& members) const {
    Json value = Json::object();
    JsonReader reader(text);
    try {
        if (reader.peek() != '{') return state(text);
        reader.begin_object();
        std::string_view key;
        for (bool first = true; reader.next_member(first, key);) {
            const auto wanted = std::find(members.begin(), members.end(), key);
            const auto part = reader.skip();
            if (wanted != members.end()) value[*wanted] = parse_value(part);
        }
    } catch (const JsonError&) {
        return state(text);  // which has fewer limits
    }
    for (const auto& pattern : patterns_) hide(value, pattern, 0);
    return value;
}

Json Redaction::message(std::string_view text) const {
    auto value = Json::parse(text, nullptr, false);
    if (value.is_discarded()) return value;
    auto& data = value.is_object() && value.contains("data") ? value["data"] : value;
    for (const auto& pattern : patterns_) hide(data, pattern, 0);
    return value;
}

std::string Redaction::message_text(std::string_view text) const {
    if (empty()) return std::string(text);
    const auto value = message(text);
    return value.is_discarded() ? Json(mark).dump() : value.dump();
}

void Redaction::restore(Json& edited, const Json& original) {
    if (edited.is_string() && edited.get_ref<const std::string&>() == mark) {
        edited = original;
    } else if (edited.is_object() && original.is_object()) {
        for (auto& [key, value] : edited.items()) {
            if (const auto was = original.find(key); was != original.end()) restore(value, *was);
        }
    } else if (edited.is_array() && original.is_array()) {
        for (std::size_t i = 0; i < std::min(edited.size(), original.size()); ++i) restore(edited[i], original[i]);
    }
}

bool Redaction::hides(const std::vector<std::string>& segments) const {
    for (const auto& pattern : patterns_) {
        if (pattern.size() > segments.size()) continue;
        bool matches = true;
        for (std::size_t i = 0; i < pattern.size() && matches; ++i)
            matches = pattern[i] == "*" || pattern[i] == segments[i];
        if (matches) return true;
    }
    return false;
}

}  // namespace foldback::server::debugger
