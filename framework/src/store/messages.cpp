#include "foldback/store/messages.hpp"

#include <limits>
#include <stdexcept>
#include <utility>

#include "store/json_split.hpp"

namespace foldback {

namespace {

constexpr std::string_view json_media_type = "application/json";

std::string_view without_parameters(std::string_view content_type) noexcept {
    content_type = content_type.substr(0, content_type.find(';'));
    const auto first = content_type.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return content_type.substr(first, content_type.find_last_not_of(" \t") - first + 1);
}

char to_lower(char byte) noexcept { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + ('a' - 'A')) : byte; }

std::uint32_t checked_size(std::size_t size) {
    if (size > std::numeric_limits<std::uint32_t>::max()) throw std::length_error("a message is larger than 4 GiB");
    return static_cast<std::uint32_t>(size);
}

/// Joins values by commas into `joined`, and appends their sizes.
template <class Values>
void join(const Values& values, std::string& joined, std::vector<std::uint32_t>& sizes) {
    std::size_t total = 0;
    for (const auto& value : values) total += value.size() + 1;
    joined.reserve(total);
    sizes.reserve(values.size());
    for (const auto& value : values) {
        if (!sizes.empty()) joined.push_back(',');
        joined.append(value);
        sizes.push_back(checked_size(value.size()));
    }
}

}  // namespace

void throw_exception_from_error(const InvalidJson& invalid, const boost::source_location&) {
    throw std::invalid_argument("invalid JSON: " + invalid.problem);
}

Framing framing_of(std::string_view content_type) noexcept {
    const auto type = without_parameters(content_type);
    if (type.size() != json_media_type.size()) return Framing::bytes;
    for (std::size_t i = 0; i != type.size(); ++i) {
        if (to_lower(type[i]) != json_media_type[i]) return Framing::bytes;
    }
    return Framing::json;
}

std::string media_type_of(std::string_view content_type) {
    std::string type(without_parameters(content_type));
    for (auto& byte : type) byte = to_lower(byte);
    return type;
}

Messages::Messages(Framing framing, Buffer buffer)
    : framing_(framing), buffer_(std::make_shared<const Buffer>(std::move(buffer))) {}

Messages Messages::bytes(std::string data) {
    if (data.empty()) return {};
    const auto size = checked_size(data.size());
    return {Framing::bytes, {.joined = std::move(data), .sizes = {size}}};
}

boost::system::result<Messages, InvalidJson> Messages::json(std::string_view body, JsonLimits limits) {
    auto slices = split_json(body, limits);
    if (!slices) return std::move(slices).error();
    return Messages(Framing::json, {.joined = std::move(slices->joined), .sizes = std::move(slices->sizes)});
}

Messages Messages::trusted_json(std::span<const std::string_view> values) {
    Buffer buffer;
    join(values, buffer.joined, buffer.sizes);
    return {Framing::json, std::move(buffer)};
}

Messages Messages::trusted_json(std::span<const std::string> values) {
    Buffer buffer;
    join(values, buffer.joined, buffer.sizes);
    return {Framing::json, std::move(buffer)};
}

Messages Messages::one_trusted_json(std::string value) {
    const auto size = checked_size(value.size());
    return {Framing::json, {.joined = std::move(value), .sizes = {size}}};
}

}  // namespace foldback
