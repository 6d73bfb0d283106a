#include "foldback/server/trace_context.hpp"

namespace foldback::server {
namespace {

constexpr std::string_view lower_case_hex = "0123456789abcdef";

bool is_hex(std::string_view text) { return text.find_first_not_of(lower_case_hex) == std::string_view::npos; }

/// An id of zeros only means "none".
bool is_id(std::string_view text) { return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos; }

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value) {
    // version "-" trace-id "-" parent-id "-" flags; later versions may go on after another dash.
    constexpr std::size_t size = 55;
    if (value.size() < size || value[2] != '-' || value[35] != '-' || value[52] != '-') return std::nullopt;
    const auto version = value.substr(0, 2);
    if (!is_hex(version) || version == "ff") return std::nullopt;
    if (value.size() > size && (version == "00" || value[size] != '-')) return std::nullopt;
    const auto trace_id = value.substr(3, 32);
    const auto parent_id = value.substr(36, 16);
    const auto flags = value.substr(53, 2);
    if (!is_id(trace_id) || !is_id(parent_id) || !is_hex(flags)) return std::nullopt;
    return TraceContext{.trace_id = std::string(trace_id),
                        .parent_id = std::string(parent_id),
                        .sampled = lower_case_hex.find(flags[1]) % 2 == 1};
}

}  // namespace foldback::server
