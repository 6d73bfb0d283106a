#include "cli/serve_log.hpp"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "cli/output.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warn: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

spdlog::sink_ptr make_sink(bool json) {
    if (json) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
}

std::string text_line(std::string_view message, const std::vector<ServeLog::Field>& fields) {
    std::string line = printable(message);
    for (const auto& [name, value] : fields) {
        const auto* text = std::get_if<std::string>(&value);
        line += fmt::format(" {}={}", name,
                            text != nullptr ? printable(*text) : std::to_string(std::get<std::uint64_t>(value)));
    }
    return line;
}

/// Without the braces: the pattern adds time and level.
std::string json_members(std::string_view message, const std::vector<ServeLog::Field>& fields) {
    auto line = "\"msg\":" + json_string(message);
    for (const auto& [name, value] : fields) {
        const auto* text = std::get_if<std::string>(&value);
        line += fmt::format(",\"{}\":{}", name,
                            text != nullptr ? json_string(*text) : std::to_string(std::get<std::uint64_t>(value)));
    }
    return line;
}

}  // namespace

struct ServeLog::Sink {
    spdlog::logger logger;
};

ServeLog::ServeLog(LogLevel least, bool json)
    : sink_(std::make_unique<Sink>(Sink{spdlog::logger("foldback", make_sink(json))})), json_(json) {
    auto& logger = sink_->logger;
    logger.set_level(level_of(least));
    logger.flush_on(spdlog::level::trace);
    const auto* pattern = json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v";
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        pattern, json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local));
}

ServeLog::~ServeLog() = default;

void ServeLog::write(LogLevel level, std::string_view message, const std::vector<Field>& fields) {
    sink_->logger.log(level_of(level), json_ ? json_members(message, fields) : text_line(message, fields));
}

}  // namespace foldback::cli
