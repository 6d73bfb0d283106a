#include "client/retry.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <random>
#include <string>

namespace foldback::client {

std::string RetryOptions::problem() const {
    if (max_retries < 0) return "max_retries must not be negative";
    if (initial_delay.count() <= 0) return "initial_delay must be greater than 0";
    if (max_delay < initial_delay) return "max_delay must not be less than initial_delay";
    if (!(multiplier >= 1.0) || !std::isfinite(multiplier)) return "multiplier must be at least 1";
    return {};
}

namespace detail {

std::chrono::milliseconds backoff(const RetryOptions& options, int retry, double chance) {
    const auto most = static_cast<double>(options.max_delay.count());
    const auto range = static_cast<double>(options.initial_delay.count()) * std::pow(options.multiplier, retry);
    return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(range, most) * chance));
}

double draw_chance() {
    thread_local std::mt19937_64 generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text,
                                                           std::chrono::system_clock::time_point now) {
    constexpr unsigned most_seconds = 24 * 3600;
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error == std::errc{} && end == text.data() + text.size())
        return std::chrono::seconds(std::min(seconds, most_seconds));

    std::tm date{};
    const std::string copy(text);
    const char* const rest = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(std::chrono::system_clock::from_time_t(timegm(&date)) - now);
    return std::clamp(wait, std::chrono::milliseconds(0),
                      std::chrono::milliseconds(std::chrono::seconds(most_seconds)));
}

}  // namespace detail

}  // namespace foldback::client
