#include "subscriptions/cursor.hpp"

#include <algorithm>

#include "protocol/offset_token.hpp"

namespace foldback::server::subscriptions {

Cursor earlier_of(const Cursor& one, const Cursor& other) {
    Cursor earlier = one;
    for (std::size_t i = 0; i < earlier.size(); ++i) earlier[i] = std::min(one[i], other[i]);
    return earlier;
}

std::uint64_t messages_between(const Cursor& from, const Cursor& to) {
    std::uint64_t messages = 0;
    for (std::size_t i = 0; i < to.size(); ++i) messages += to[i].value - std::min(from[i].value, to[i].value);
    return messages;
}

std::string text_of(const Cursor& cursor) {
    std::string text;
    for (const auto position : cursor) text += (text.empty() ? "" : ",") + protocol::position_token(position);
    return text;
}

std::optional<Cursor> parse_cursor(std::string_view text, std::size_t logs) {
    Cursor cursor;
    while (true) {
        const auto token = text.substr(0, text.find(','));
        const auto position = protocol::parse_position_token(token);
        if (!position || cursor.size() == logs) return std::nullopt;
        cursor.push_back(*position);
        if (token.size() == text.size()) break;
        text.remove_prefix(token.size() + 1);
    }
    if (cursor.size() != logs) return std::nullopt;
    return cursor;
}

}  // namespace foldback::server::subscriptions
