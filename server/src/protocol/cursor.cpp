#include "protocol/cursor.hpp"

#include <algorithm>
#include <chrono>
#include <random>

#include "protocol/header_values.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::chrono::sys_seconds first_interval = std::chrono::sys_days(std::chrono::October / 9 / 2024);
constexpr std::int64_t interval_ms = 20'000;
constexpr std::uint64_t max_jitter_intervals = 3600 / 20;

std::uint64_t current_interval(Timestamp now) noexcept {
    const auto elapsed_ms = (now - Timestamp(first_interval)).count();
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, elapsed_ms / interval_ms));
}

std::uint64_t random_jitter() {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_int_distribution<std::uint64_t>(1, max_jitter_intervals)(generator);
}

}  // namespace

Parsed<std::uint64_t> parse_cursor(std::string_view text) {
    const auto cursor = parse_number(text, max_safe_integer - max_jitter_intervals);
    if (!cursor) return bad_request("bad-cursor", "The cursor is not one that this server has given out.");
    return *cursor;
}

std::uint64_t next_cursor(Timestamp now, std::optional<std::uint64_t> client_cursor) {
    const auto current = current_interval(now);
    if (!client_cursor || *client_cursor < current) return current;
    return *client_cursor + random_jitter();
}

}  // namespace foldback::server::protocol
