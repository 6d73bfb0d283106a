#include <stdexcept>

#include "history/lenses/document_fold.hpp"

namespace foldback {

namespace {

using history::Json;

const std::string& text_member(const Json& object, const char* name) {
    if (!object.contains(name) || !object[name].is_string())
        throw std::invalid_argument(std::string("no change message: it has no text \"") + name + "\"");
    return object[name].get_ref<const std::string&>();
}

void control(Json& state, const Json& headers) {
    const auto& what = text_member(headers, "control");
    if (what == "reset") {
        state = Json::object();
    } else if (what != "snapshot-start" && what != "snapshot-end") {
        throw std::invalid_argument("unknown control message: " + what);
    }
}

void change(Json& state, Json message) {
    if (!message.is_object() || !message.contains("headers") || !message["headers"].is_object())
        throw std::invalid_argument("no message of the State protocol: it has no \"headers\"");
    const auto& headers = message["headers"];
    if (headers.contains("control")) return control(state, headers);
    const auto& operation = text_member(headers, "operation");
    const auto& type = text_member(message, "type");
    const auto& key = text_member(message, "key");
    if (operation == "delete") {
        if (!state.contains(type)) return;
        auto& values = state[type];
        values.erase(key);
        if (values.empty()) state.erase(type);
    } else if (operation == "insert" || operation == "update" || operation == "upsert") {
        if (!message.contains("value")) throw std::invalid_argument("no change message: it has no \"value\"");
        state[type][key] = message["value"];
    } else {
        throw std::invalid_argument("unknown operation: " + operation);
    }
}

}  // namespace

Lens state_protocol_lens() { return history::document_lens<change>("state", Json::object()); }

}  // namespace foldback
