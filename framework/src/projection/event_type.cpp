#include "projection/event_type.hpp"

#include <simdjson.h>

namespace foldback::projection {

std::string_view event_type(std::string_view json, std::string& scratch) {
    // Our own envelopes begin with the type; this spares the copy that the parser needs.
    constexpr std::string_view begin = R"({"type":")";
    if (json.starts_with(begin)) {
        const auto rest = json.substr(begin.size());
        const auto end = rest.find_first_of("\"\\");
        if (end != std::string_view::npos && rest[end] == '"') return rest.substr(0, end);
    }
    thread_local simdjson::ondemand::parser parser;
    const simdjson::padded_string padded(json);
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    std::string_view type;
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return {};
    if (document.get_object().get(object) != simdjson::SUCCESS) return {};
    if (object.find_field_unordered("type").get_string().get(type) != simdjson::SUCCESS) return {};
    scratch = type;
    return scratch;
}

}  // namespace foldback::projection
