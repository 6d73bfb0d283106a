#include "access/strict_json.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

namespace foldback::server::access {

namespace {

using Json = nlohmann::json;

constexpr int max_depth = 16;

}  // namespace

std::optional<Json> parse_strict(std::string_view text) {
    std::vector<std::set<std::string>> keys;  // of the objects that are open
    bool is_ambiguous = false;
    const Json::parser_callback_t look = [&](int depth, Json::parse_event_t event, Json& value) {
        if (depth > max_depth) is_ambiguous = true;
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end) keys.pop_back();
        if (event == Json::parse_event_t::key) {
            is_ambiguous |= !keys.back().insert(value.get_ref<const std::string&>()).second;
        }
        return true;
    };
    auto document = Json::parse(text, look, false);
    if (document.is_discarded() || is_ambiguous) return std::nullopt;
    return document;
}

void require_members(const Json& object, std::initializer_list<std::string_view> names, const std::string& place) {
    if (!object.is_object()) throw AccessError(place + ": must be an object");
    for (const auto& [name, value] : object.items()) {
        if (std::find(names.begin(), names.end(), name) == names.end()) {
            throw AccessError(place + ": has no member \"" + name + "\"");
        }
    }
}

std::string text_member(const Json& object, const char* name, const std::string& place) {
    const auto found = object.find(name);
    if (found == object.end()) throw AccessError(place + ": needs \"" + name + "\"");
    if (!found->is_string() || found->get_ref<const std::string&>().empty()) {
        throw AccessError(place + "." + name + ": must be a string that is not empty");
    }
    return found->get<std::string>();
}

}  // namespace foldback::server::access
