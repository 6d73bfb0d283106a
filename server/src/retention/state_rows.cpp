#include "retention/state_rows.hpp"

#include "foldback/core/json_reader.hpp"
#include "protocol/json_text.hpp"

namespace foldback::server {
namespace {

constexpr std::uint64_t row_overhead = 64;  ///< of a snapshot's message beyond type, key and value

/// The operation or control in the headers of a message.
struct Headers {
    std::string operation;
    std::string control;
};

Headers read_headers(JsonReader& reader) {
    Headers headers;
    bool first = true;
    std::string_view key;
    reader.begin_object();
    while (reader.next_member(first, key)) {
        auto* target = key == "operation" ? &headers.operation : key == "control" ? &headers.control : nullptr;
        if (target != nullptr && reader.peek() == '"') {
            *target = reader.string();
        } else {
            reader.skip();
        }
    }
    return headers;
}

StateMessage::Kind kind_of(const Headers& headers, const StateMessage& message) {
    using Kind = StateMessage::Kind;
    if (headers.control == "snapshot-start") return Kind::snapshot_start;
    if (headers.control == "snapshot-end") return Kind::snapshot_end;
    if (headers.control == "reset") return Kind::reset;
    if (message.type.empty() || message.key.empty()) return Kind::other;
    if (headers.operation == "delete") return Kind::removal;
    const bool changes =
        headers.operation == "insert" || headers.operation == "update" || headers.operation == "upsert";
    return changes && !message.value.empty() ? Kind::change : Kind::other;
}

void append_member(std::string& text, std::string_view name, std::string_view value) {
    text.append(",\"").append(name).append("\":");
    protocol::append_json_string(text, value);
}

std::string control(std::string_view name) {
    return std::string("{\"headers\":{\"control\":\"").append(name).append("\"}}");
}

}  // namespace

StateMessage parse_state_message(std::string_view text) {
    StateMessage message;
    Headers headers;
    try {
        JsonReader reader(text);
        bool first = true;
        std::string_view key;
        reader.begin_object();
        while (reader.next_member(first, key)) {
            auto* name = key == "type" ? &message.type : key == "key" ? &message.key : nullptr;
            if (name != nullptr) {
                *name = reader.string();
            } else if (key == "headers") {
                headers = read_headers(reader);
            } else if (key == "value") {
                message.value = reader.skip();
            } else {
                reader.skip();
            }
        }
    } catch (const JsonError&) {
        return {};
    }
    message.kind = kind_of(headers, message);
    return message;
}

bool StateRows::apply(std::string_view text) {
    auto message = parse_state_message(text);
    if (message.kind == StateMessage::Kind::other) return false;
    if (message.kind == StateMessage::Kind::reset) {
        rows_.clear();
        bytes_ = 0;
        return true;
    }
    const bool is_change = message.kind == StateMessage::Kind::change;
    if (!is_change && message.kind != StateMessage::Kind::removal) return true;
    const auto names = message.type.size() + message.key.size() + row_overhead;
    std::pair name(std::move(message.type), std::move(message.key));
    if (const auto found = rows_.find(name); found != rows_.end()) {
        bytes_ -= names + found->second.size();
        rows_.erase(found);
    }
    if (is_change) {
        bytes_ += names + message.value.size();
        rows_.emplace(std::move(name), message.value);
    }
    return true;
}

std::vector<std::string> StateRows::snapshot() const {
    std::vector<std::string> messages{control("snapshot-start")};
    for (const auto& [name, value] : rows_) {
        // An insert of a row that is there replaces it (STATE-PROTOCOL §6): readers who know it see no change.
        std::string message("{\"headers\":{\"operation\":\"insert\"}");
        append_member(message, "type", name.first);
        append_member(message, "key", name.second);
        messages.push_back(message.append(",\"value\":").append(value).append("}"));
    }
    messages.push_back(control("snapshot-end"));
    return messages;
}

}  // namespace foldback::server
