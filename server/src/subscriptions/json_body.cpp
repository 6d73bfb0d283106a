#include "subscriptions/json_body.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "subscriptions/configuration.hpp"

namespace foldback::server::subscriptions {

namespace {

using nlohmann::json;

Rejection wrong_type(const char* name, const char* wanted) {
    return reject(code::invalid_request, "The member {} must be {}.", name, wanted);
}

/// Null when it is absent.
const json* find(const json& object, const char* name) {
    const auto member = object.find(name);
    return member == object.end() || member->is_null() ? nullptr : &*member;
}

Checked<const json*> find_list(const json& object, const char* name) {
    const auto* list = find(object, name);
    if (list == nullptr) return list;
    if (!list->is_array()) return wrong_type(name, "an array");
    if (list->size() > max_streams_per_request) {
        return reject(code::invalid_request, "The member {} has more than {} elements.", name, max_streams_per_request);
    }
    return list;
}

Checked<std::optional<std::string>> find_text(const json& object, const char* name) {
    const auto* member = find(object, name);
    if (member == nullptr) return std::optional<std::string>();
    if (!member->is_string()) return wrong_type(name, "a string");
    return std::optional(member->get<std::string>());
}

}  // namespace

struct JsonBody::Document {
    json root;
};

Checked<JsonBody> JsonBody::parse(std::string_view text) {
    auto document = std::make_shared<Document>();
    document->root = text.empty() ? json::object() : json::parse(text, nullptr, false);
    if (!document->root.is_object()) return reject(code::invalid_request, "The body must be a JSON object.");
    return JsonBody(std::move(document));
}

Checked<std::optional<std::string>> JsonBody::text(const char* name) const { return find_text(document_->root, name); }

Checked<std::optional<std::string>> JsonBody::text_within(const char* name, const char* inner) const {
    const auto* object = find(document_->root, name);
    if (object == nullptr) return std::optional<std::string>();
    if (!object->is_object()) return wrong_type(name, "an object");
    return find_text(*object, inner);
}

Checked<std::optional<std::uint64_t>> JsonBody::number(const char* name) const {
    const auto* member = find(document_->root, name);
    if (member == nullptr) return std::optional<std::uint64_t>();
    if (!member->is_number_unsigned()) return wrong_type(name, "a whole number");
    return std::optional(member->get<std::uint64_t>());
}

Checked<bool> JsonBody::flag(const char* name) const {
    const auto* member = find(document_->root, name);
    if (member == nullptr) return false;
    if (!member->is_boolean()) return wrong_type(name, "true or false");
    return member->get<bool>();
}

Checked<std::vector<std::string>> JsonBody::paths(const char* name) const {
    const auto list = find_list(document_->root, name);
    if (!list) return list.error();
    std::vector<std::string> paths;
    if (*list == nullptr) return paths;
    for (const auto& element : **list) {
        if (!element.is_string()) return wrong_type(name, "an array of strings");
        auto path = parse_path(element.get_ref<const std::string&>());
        if (!path) return path.error();
        paths.push_back(std::move(*path));
    }
    std::sort(paths.begin(), paths.end());
    paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
    return paths;
}

Checked<std::vector<Ack>> JsonBody::acks() const {
    const auto list = find_list(document_->root, "acks");
    if (!list) return list.error();
    std::vector<Ack> acks;
    if (*list == nullptr) return acks;
    for (const auto& element : **list) {
        if (!element.is_object()) return wrong_type("acks", "an array of objects");
        const auto stream = find_text(element, "stream");
        if (!stream) return stream.error();
        const auto offset = find_text(element, "offset");
        if (!offset) return offset.error();
        if (!*stream || !*offset) return reject(code::invalid_request, "An ack needs a stream and an offset.");
        auto path = parse_path(**stream);
        if (!path) return path.error();
        acks.push_back({std::move(*path), **offset});
    }
    return acks;
}

}  // namespace foldback::server::subscriptions
