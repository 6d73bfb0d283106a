#include "foldback/state/state_message.hpp"
#include "history/lenses/document_fold.hpp"

namespace foldback {

namespace {

using history::Json;

void obey(Json& state, StateControl control) {
    switch (control) {
        case StateControl::reset: state = Json::object(); return;
        case StateControl::snapshot_start:
        case StateControl::snapshot_end: return;
    }
}

void change(Json& state, std::string_view text) {
    const auto message = read_state_message(text);
    if (const auto* control = std::get_if<StateControl>(&message)) return obey(state, *control);
    const auto& [operation, type, key, value, txid] = std::get<StateChange>(message);
    if (operation != StateOperation::remove) {
        auto document = history::parse_json(value);
        state[type][key] = std::move(document);
    } else if (state.contains(type)) {
        auto& values = state[type];
        values.erase(key);
        if (values.empty()) state.erase(type);
    }
}

}  // namespace

Lens state_protocol_lens() { return history::document_lens<change>("state", Json::object()); }

}  // namespace foldback
