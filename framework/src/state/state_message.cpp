#include "foldback/state/state_message.hpp"

#include <array>
#include <optional>
#include <utility>

#include "foldback/core/json_writer.hpp"

namespace foldback {
namespace {

constexpr std::array<std::pair<std::string_view, StateOperation>, 4> operations{{{"insert", StateOperation::insert},
                                                                                 {"update", StateOperation::update},
                                                                                 {"upsert", StateOperation::upsert},
                                                                                 {"delete", StateOperation::remove}}};

constexpr std::array<std::pair<std::string_view, StateControl>, 3> controls{
    {{"snapshot-start", StateControl::snapshot_start},
     {"snapshot-end", StateControl::snapshot_end},
     {"reset", StateControl::reset}}};

template <class Names>
auto named(JsonReader& reader, const Names& names, const char* what) {
    const auto text = reader.string();
    for (const auto& [name, value] : names) {
        if (name == text) return value;
    }
    reader.fail(std::string("unknown ") + what + ": " + std::string(text.substr(0, 40)));
}

template <class Names, class Value>
std::string_view name_of(const Names& names, Value wanted) {
    for (const auto& [name, value] : names) {
        if (value == wanted) return name;
    }
    return {};
}

struct Headers {
    std::optional<StateOperation> operation;
    std::optional<StateControl> control;
    std::string txid;
};

Headers read_headers(JsonReader& reader) {
    Headers headers;
    bool first = true;
    std::string_view name;
    reader.begin_object();
    while (reader.next_member(first, name)) {
        if (name == "operation") {
            headers.operation = named(reader, operations, "operation");
        } else if (name == "control") {
            headers.control = named(reader, controls, "control message");
        } else if (name == "txid") {
            headers.txid = reader.string();
        } else {
            reader.skip();
        }
    }
    return headers;
}

/// A text that the specification wants to hold something.
std::string named_text(JsonReader& reader, const char* member) {
    std::string text(reader.string());
    if (text.empty()) reader.fail(std::string("no change message: its \"") + member + "\" is empty");
    return text;
}

}  // namespace

StateMessage read_state_message(std::string_view text) {
    JsonReader reader(text);
    std::optional<Headers> headers;
    StateChange change;
    bool first = true;
    std::string_view name;
    reader.begin_object();
    while (reader.next_member(first, name)) {
        if (name == "headers") {
            headers = read_headers(reader);
        } else if (name == "type") {
            change.type = named_text(reader, "type");
        } else if (name == "key") {
            change.key = named_text(reader, "key");
        } else if (name == "value") {
            (void)reader.peek();  // the value begins after the blanks
            change.value = reader.skip();
        } else {
            reader.skip();
        }
    }
    reader.expect_end();
    if (!headers) reader.fail("no message of the State protocol: it has no \"headers\"");
    if (headers->control) return *headers->control;
    if (!headers->operation) reader.fail("no message of the State protocol: its headers name no operation or control");
    if (change.type.empty()) reader.fail("no change message: it has no \"type\"");
    if (change.key.empty()) reader.fail("no change message: it has no \"key\"");
    change.operation = *headers->operation;
    if (change.operation != StateOperation::remove && change.value.empty())
        reader.fail("no change message: it has no \"value\"");
    change.txid = std::move(headers->txid);
    return change;
}

std::string to_text(const StateMessage& message) {
    std::string text;
    JsonWriter writer(text);
    if (const auto* control = std::get_if<StateControl>(&message)) {
        writer.raw(R"({"headers":{"control":")");
        writer.raw(name_of(controls, *control));
        writer.raw(R"("}})");
        return text;
    }
    const auto& change = std::get<StateChange>(message);
    constexpr std::size_t around_value = 128;
    text.reserve(change.type.size() + change.key.size() + change.value.size() + change.txid.size() + around_value);
    writer.raw(R"({"type":)");
    writer.string(change.type);
    writer.raw(R"(,"key":)");
    writer.string(change.key);
    if (change.operation != StateOperation::remove) {
        writer.raw(R"(,"value":)");
        writer.raw(change.value);
    }
    writer.raw(R"(,"headers":{"operation":")");
    writer.raw(name_of(operations, change.operation));
    writer.raw('"');
    if (!change.txid.empty()) {
        writer.raw(R"(,"txid":)");
        writer.string(change.txid);
    }
    writer.raw("}}");
    return text;
}

}  // namespace foldback
