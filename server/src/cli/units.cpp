#include "cli/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include <fmt/format.h>

namespace foldback::cli {
namespace {

struct Unit {
    std::string_view name;
    std::string_view short_name;
    std::uint64_t bytes;
};

constexpr std::array units{Unit{"GiB", "G", 1ULL << 30}, Unit{"MiB", "M", 1ULL << 20}, Unit{"KiB", "K", 1ULL << 10}};

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
    for (const auto& unit : units) {
        if (bytes < unit.bytes) continue;
        const double value = static_cast<double>(bytes) / static_cast<double>(unit.bytes);
        return value >= 100 ? fmt::format("{:.0f} {}", value, unit.name) : fmt::format("{:.1f} {}", value, unit.name);
    }
    return fmt::format("{} B", bytes);
}

std::string format_count(std::uint64_t count) {
    std::string text = std::to_string(count);
    for (std::size_t place = 3; place < text.size(); place += 4) text.insert(text.size() - place, 1, ',');
    return text;
}

std::string format_counted(std::uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

std::string format_duration(std::chrono::milliseconds duration) {
    const auto total = duration.count();
    if (total < 10'000) return fmt::format("{:.1f} s", static_cast<double>(total) / 1000);
    const auto seconds = total / 1000;
    if (seconds < 60) return fmt::format("{} s", seconds);
    if (seconds < 3600) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
    return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
    std::uint64_t factor = 1;
    for (const auto& unit : units) {
        for (const auto name : {unit.name, unit.short_name}) {
            if (factor != 1 || !text.ends_with(name)) continue;
            factor = unit.bytes;
            text.remove_suffix(name.size());
        }
    }
    const auto count = parse_count(text);
    if (!count || *count > std::numeric_limits<std::uint64_t>::max() / factor) return std::nullopt;
    return *count * factor;
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
    constexpr std::uint64_t most = 100ULL * 365 * 86'400;
    if (text.empty()) return std::nullopt;
    const auto seconds_of = [](char unit) -> std::uint64_t {
        switch (unit) {
            case 's': return 1;
            case 'm': return 60;
            case 'h': return 3600;
            case 'd': return 86'400;
            default: return 0;
        }
    };
    const auto factor = seconds_of(text.back());
    const auto count = parse_count(text.substr(0, text.size() - 1));
    if (factor == 0 || !count || *count > most / factor) return std::nullopt;
    return std::chrono::seconds(*count * factor);
}

std::string bytes_setting(std::uint64_t bytes) {
    for (const auto& unit : units) {
        if (bytes != 0 && bytes % unit.bytes == 0) return fmt::format("{}{}", bytes / unit.bytes, unit.name);
    }
    return std::to_string(bytes);
}

namespace {

/// Bytes at the beginning that a terminal might obey: a control character (also C1, U+0080…U+009F, of which some are) or a
/// mark that turns the direction of text.
std::size_t control_bytes(std::string_view text) {
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
    if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) < 0xA0) return 2;
    if (byte(0) == 0xD8 && byte(1) == 0x9C) return 2;  // U+061C
    if (byte(0) != 0xE2) return 0;
    const bool turns = byte(1) == 0x80 && (byte(2) == 0x8E || byte(2) == 0x8F || (byte(2) >= 0xAA && byte(2) <= 0xAE));
    const bool isolates = byte(1) == 0x81 && byte(2) >= 0xA6 && byte(2) <= 0xA9;
    return turns || isolates ? 3 : 0;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        const auto controls = control_bytes(text);
        result += controls > 0 ? '?' : text[0];
        text.remove_prefix(std::max<std::size_t>(controls, 1));
    }
    return result;
}

}  // namespace foldback::cli
