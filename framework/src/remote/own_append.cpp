#include "remote/own_append.hpp"

#include <algorithm>
#include <vector>

#include "foldback/core/json_reader.hpp"
#include "remote/wire_reading.hpp"

namespace foldback::remote {
namespace {

/// Each message of a JSON stream.
std::vector<std::string_view> parts_of(const Messages& messages) {
    std::vector<std::string_view> parts;
    auto rest = messages.joined();
    for (const auto size : messages.sizes()) {
        parts.push_back(rest.substr(0, size));
        rest.remove_prefix(std::min(rest.size(), std::size_t{size} + 1));
    }
    return parts;
}

bool has_event_with_id(const Messages& messages) {
    if (messages.framing() != Framing::json) return false;
    const auto parts = parts_of(messages);
    return std::any_of(parts.begin(), parts.end(), [](std::string_view part) { return !event_id_in(part).empty(); });
}

}  // namespace

bool has_place(const AppendRequest& request) {
    return !request.messages.empty() && (request.expected || request.expected_point);
}

ReadFrom place_of(const AppendRequest& request) {
    if (request.expected_point) return *request.expected_point;
    return request.expected.value_or(Offset{});
}

bool is_made_once_at_most(std::span<const AppendRequest> requests) {
    // All parts are made or none: one that cannot be made twice is enough.
    if (std::any_of(requests.begin(), requests.end(), has_place)) return true;
    return std::all_of(requests.begin(), requests.end(),
                       [](const AppendRequest& request) { return request.producer || request.messages.empty(); });
}

bool is_final(Refusal reason) noexcept {
    return reason == Refusal::offset_mismatch || reason == Refusal::closed || reason == Refusal::not_found ||
           reason == Refusal::gone;
}

Found recognise(const Messages& messages, std::string_view there) {
    if (there != messages.joined()) return Found::others;
    return has_event_with_id(messages) ? Found::own : Found::alike;
}

Found recognise(const AppendRequest& request, const Refused& refused) {
    const bool ends_before = refused.reason == Refusal::bad_offset && request.expected && !request.expected_point &&
                             refused.tail.offset < *request.expected;
    return ends_before ? Found::others : Found::nothing;
}

Found recognise_events(const Messages& messages, const Messages& there) {
    if (messages.framing() != Framing::json) return recognise(messages, there.joined());
    const auto own = parts_of(messages);
    const auto found = parts_of(there);
    if (found.size() < own.size()) return Found::others;
    bool is_own = false;
    for (std::size_t i = 0; i != own.size(); ++i) {
        const auto id = event_id_in(own[i]);
        if (id != event_id_in(found[i])) return Found::others;
        is_own = is_own || !id.empty();
    }
    return is_own ? Found::own : Found::alike;
}

Found together(std::span<const Found> parts) {
    const auto any = [&](Found one) { return std::find(parts.begin(), parts.end(), one) != parts.end(); };
    if (parts.empty()) return Found::nothing;
    if (any(Found::others)) return Found::others;
    if (any(Found::nothing)) return Found::nothing;
    return any(Found::own) ? Found::own : Found::alike;
}

std::string event_id_in(std::string_view message) {
    bool has_type = false;
    std::string id;
    try {
        JsonReader reader(message);
        read_members(reader, [&](std::string_view key) {
            const bool is_type = key == "type";
            const bool is_id = key == "id";
            if ((is_type || is_id) && reader.peek() == '"') {
                const auto text = reader.string();
                if (is_id) id = text;
                if (is_type) has_type = !text.empty();
            } else {
                (void)reader.skip();
            }
        });
    } catch (const JsonError&) {
        return {};
    }
    return has_type ? id : std::string();
}

}  // namespace foldback::remote
