#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/server/http_message.hpp"

/// What simulated clients look for in an answer.
namespace foldback::fault {

inline std::string header(const server::Response& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

inline std::string body(const server::Response& response) {
    auto text = response.text;
    for (const auto& piece : response.pieces) text.append(piece.bytes);
    return text;
}

/// The numbers of messages `{"m":1}` in a JSON array.
inline std::vector<std::uint64_t> messages_of(std::string_view text) {
    std::vector<std::uint64_t> messages;
    constexpr std::string_view key = "{\"m\":";
    for (auto at = text.find(key); at != std::string_view::npos; at = text.find(key, at)) {
        at += key.size();
        std::uint64_t message = 0;
        std::from_chars(text.data() + at, text.data() + text.size(), message);
        messages.push_back(message);
    }
    return messages;
}

inline std::string string_field(std::string_view json, std::string_view name) {
    const auto key = "\"" + std::string(name) + "\":\"";
    const auto at = json.find(key);
    if (at == std::string_view::npos) return {};
    const auto begin = at + key.size();
    return std::string(json.substr(begin, json.find('"', begin) - begin));
}

inline std::string url(const std::string& stream) { return "/v1/stream/" + stream; }

}  // namespace foldback::fault
