#include "client/http.hpp"

#include <algorithm>

namespace foldback::client::detail {
namespace {

constexpr char lower(char letter) noexcept {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

std::string_view ResponseHead::header(std::string_view name) const noexcept {
    const auto found = std::ranges::find(headers, name, &Headers::value_type::first);
    return found == headers.end() ? std::string_view{} : std::string_view(found->second);
}

bool ResponseHead::says_true(std::string_view name) const noexcept { return is_same_name(header(name), "true"); }

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), lower);
    return result;
}

bool is_same_name(std::string_view a, std::string_view b) noexcept {
    return std::ranges::equal(a, b, {}, lower, lower);
}

bool is_json_type(std::string_view content_type) noexcept {
    auto type = content_type.substr(0, content_type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return is_same_name(type, "application/json");
}

std::string problem_with_header(std::string_view name, std::string_view value) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    const auto is_token = [&](char letter) {
        return (lower(letter) >= 'a' && lower(letter) <= 'z') || (letter >= '0' && letter <= '9') ||
               marks.find(letter) != std::string_view::npos;
    };
    if (name.empty() || !std::ranges::all_of(name, is_token))
        return "'" + std::string(name) + "' is no name of a header";
    const auto is_control = [](char letter) {
        return (static_cast<unsigned char>(letter) < 0x20 && letter != '\t') || letter == 0x7F;
    };
    if (std::ranges::any_of(value, is_control))
        return "the header '" + std::string(name) + "' contains a control character";
    for (const std::string_view framing :
         {"content-length", "transfer-encoding", "connection", "host", "te", "upgrade"}) {
        if (is_same_name(name, framing)) return "the header '" + std::string(name) + "' is the client's own";
    }
    return {};
}

}  // namespace foldback::client::detail
