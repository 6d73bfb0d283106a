#include "cli/sse_reader.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace foldback::cli {
namespace {

constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

void SseReader::feed(std::string_view bytes, const std::function<void(SseEvent)>& take) {
    while (!bytes.empty()) {
        if (std::exchange(after_carriage_return_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const auto end = bytes.find_first_of("\r\n");
        line_ += bytes.substr(0, end);
        if (line_.size() + event_.data.size() > max_event_bytes_) {
            throw std::length_error("an event is larger than this program accepts");
        }
        if (end == std::string_view::npos) return;
        after_carriage_return_ = bytes[end] == '\r';
        bytes.remove_prefix(end + 1);
        take_line(take);
        line_.clear();
    }
}

void SseReader::take_line(const std::function<void(SseEvent)>& take) {
    if (line_.empty()) {
        auto event = std::exchange(event_, SseEvent{});
        if (event.name.empty()) event.name = "message";
        if (std::exchange(has_data_, false)) take(std::move(event));
        return;
    }
    const std::string_view line(line_);
    const auto colon = line.find(':');
    const auto field = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") {
        event_.name = value;
    } else if (field == "data") {
        if (std::exchange(has_data_, true)) event_.data += '\n';
        event_.data += value;
    }
}

std::string decode_base64(std::string_view text) {
    std::string letters(text);
    std::erase_if(letters, [](char letter) { return letter == '\n' || letter == '\r'; });
    if (letters.size() % 4 != 0) throw std::invalid_argument("the length of base64 text must be a multiple of 4");
    const auto padding = static_cast<std::size_t>(letters.ends_with("==") ? 2 : letters.ends_with('=') ? 1 : 0);
    letters.resize(letters.size() - padding);
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char letter : letters) {
        const auto value = base64_letters.find(letter);
        if (value == std::string_view::npos) throw std::invalid_argument("not a base64 letter");
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xFF);
    }
    return bytes;
}

std::string encode_base64(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t index = 0; index < 3; ++index) {
            bits = bits << 8 | (index < group.size() ? static_cast<unsigned char>(group[index]) : 0U);
        }
        for (std::size_t index = 0; index < 4; ++index) {
            text += index <= group.size() ? base64_letters[bits >> (18 - 6 * index) & 63] : '=';
        }
    }
    return text;
}

}  // namespace foldback::cli
