#include "cli/serve_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "cli/failure.hpp"
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

using Value = ServeLog::Field::second_type;

/// A file that can be opened again under the feet of those who write.
class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    explicit FileSink(std::string name) : name_(std::move(name)), descriptor_(open_file()) {
        if (descriptor_ < 0) {
            throw Failure(ExitCode::refused,
                          fmt::format("cannot open the log file {}: {}", name_, std::strerror(errno)));
        }
    }
    ~FileSink() override { ::close(descriptor_); }
    FileSink(const FileSink&) = delete;
    FileSink& operator=(const FileSink&) = delete;

    /// Why not; empty when it was done.
    [[nodiscard]] std::string reopen() {
        const int fresh = open_file();
        if (fresh < 0) return std::strerror(errno);
        const std::lock_guard lock(mutex_);
        ::close(std::exchange(descriptor_, fresh));
        return {};
    }

private:
    [[nodiscard]] int open_file() const {
        return ::open(name_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    }

    void sink_it_(const spdlog::details::log_msg& message) override {
        spdlog::memory_buf_t line;
        formatter_->format(message, line);
        // A full disk must not stop the server: the line is lost.
        [[maybe_unused]] const auto written = ::write(descriptor_, line.data(), line.size());
    }
    void flush_() override {}

    std::string name_;
    int descriptor_;
};

spdlog::sink_ptr make_sink(bool json) {
    if (json) return std::make_shared<spdlog::sinks::stderr_sink_mt>();
    return std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
}

/// Of a value that is not text.
std::string number_text(const Value& value) {
    const auto* fraction = std::get_if<double>(&value);
    return fraction != nullptr ? fmt::format("{:.3f}", *fraction) : std::to_string(std::get<std::uint64_t>(value));
}

std::string text_line(std::string_view message, const std::vector<ServeLog::Field>& fields) {
    std::string line = printable(message);
    for (const auto& [name, value] : fields) {
        const auto* text = std::get_if<std::string>(&value);
        line += fmt::format(" {}={}", name, text != nullptr ? printable(*text) : number_text(value));
    }
    return line;
}

/// Without the braces: the pattern adds time and level.
std::string json_members(std::string_view message, const std::vector<ServeLog::Field>& fields) {
    auto line = "\"msg\":" + json_string(message);
    for (const auto& [name, value] : fields) {
        const auto* text = std::get_if<std::string>(&value);
        line += fmt::format(",\"{}\":{}", name, text != nullptr ? json_string(*text) : number_text(value));
    }
    return line;
}

}  // namespace

LogLevel level_named(std::string_view name) {
    if (name == "debug") return LogLevel::debug;
    if (name == "warn") return LogLevel::warn;
    if (name == "error") return LogLevel::error;
    return LogLevel::info;
}

struct ServeLog::Sink {
    std::shared_ptr<FileSink> file;  ///< null: standard error
    spdlog::logger logger;
};

ServeLog::ServeLog(LogLevel least, bool json, std::string file) : json_(json) {
    auto in_file = file.empty() ? nullptr : std::make_shared<FileSink>(std::move(file));
    const auto sink = in_file ? spdlog::sink_ptr(in_file) : make_sink(json);
    sink_ = std::make_unique<Sink>(Sink{std::move(in_file), spdlog::logger("foldback", sink)});
    auto& logger = sink_->logger;
    logger.set_level(level_of(least));
    logger.flush_on(spdlog::level::trace);
    const auto* pattern = json ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%d %H:%M:%S.%e %^%l%$ %v";
    logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        pattern, json ? spdlog::pattern_time_type::utc : spdlog::pattern_time_type::local));
}

ServeLog::~ServeLog() = default;

void ServeLog::set_level(LogLevel least) { sink_->logger.set_level(level_of(least)); }

bool ServeLog::writes(LogLevel level) const { return sink_->logger.should_log(level_of(level)); }

void ServeLog::reopen() {
    if (!sink_->file) return;
    const auto problem = sink_->file->reopen();
    if (!problem.empty()) write(LogLevel::error, "cannot open the log file again", {{"because", problem}});
}

void ServeLog::write(LogLevel level, std::string_view message, const std::vector<Field>& fields) {
    sink_->logger.log(level_of(level), json_ ? json_members(message, fields) : text_line(message, fields));
}

}  // namespace foldback::cli
