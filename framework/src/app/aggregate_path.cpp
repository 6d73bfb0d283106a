#include "foldback/app/aggregate_path.hpp"

#include <cstdint>
#include <stdexcept>

namespace foldback {
namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

enum class Slashes : std::uint8_t { kept, escaped };

bool is_plain(char byte, Slashes slashes) noexcept {
    if (byte == '/') return slashes == Slashes::kept;
    return static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7F && byte != '\\' && byte != '%';
}

void escape(char byte, std::string& out) {
    const auto value = static_cast<unsigned char>(byte);
    out += '%';
    out += hex_digits[value >> 4];
    out += hex_digits[value & 0xF];
}

std::string escaped(std::string_view id, Slashes slashes = Slashes::kept) {
    const bool is_dots = id == "." || id == "..";
    std::string segment;
    segment.reserve(id.size());
    for (const char byte : id) {
        if (is_plain(byte, slashes) && !is_dots) {
            segment += byte;
        } else {
            escape(byte, segment);
        }
    }
    return segment;
}

StreamPath joined(std::string_view what, std::string_view front, std::string_view segment) {
    std::string path;
    path.reserve(front.size() + 1 + segment.size());
    path.append(front).append(1, '/').append(segment);
    auto parsed = StreamPath::parse(path);
    if (parsed) return *std::move(parsed);
    if (const auto problem = StreamPath::problem_with(front); !problem.empty()) {
        throw std::invalid_argument("the " + std::string(what) + " \"" + std::string(front) +
                                    "\" makes no path: " + problem);
    }
    throw std::invalid_argument("the id makes no path: " + parsed.error());
}

}  // namespace

std::string path_segment(std::string_view id) {
    if (id.empty()) throw std::invalid_argument("the id is empty");
    if (id.find('/') != std::string_view::npos) {
        throw std::invalid_argument("the id \"" + std::string(id) + "\" has a '/', which parts the segments of a path");
    }
    return escaped(id);
}

std::string id_of_segment(std::string_view segment) {
    std::string id;
    for (std::size_t at = 0; at < segment.size(); ++at) {
        if (segment[at] != '%') {
            id += segment[at];
            continue;
        }
        const auto high = at + 1 < segment.size() ? hex_digits.find(segment[at + 1]) : std::string_view::npos;
        const auto low = at + 2 < segment.size() ? hex_digits.find(segment[at + 2]) : std::string_view::npos;
        if (high == std::string_view::npos || low == std::string_view::npos) break;
        id += static_cast<char>(high << 4 | low);
        at += 2;
    }
    if (id.empty() || id.find('/') != std::string::npos || escaped(id) != segment) {
        throw std::invalid_argument("\"" + std::string(segment) + "\" is no segment of an id");
    }
    return id;
}

StreamPath aggregate_path(std::string_view category, std::string_view id) {
    return joined("category", category, path_segment(id));
}

StreamPath command_path(std::string_view prefix, std::string_view command_id) {
    if (command_id.empty()) throw std::invalid_argument("the command id is empty");
    return joined("prefix of commands", prefix, escaped(command_id, Slashes::escaped));
}

}  // namespace foldback
