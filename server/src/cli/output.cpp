#include "cli/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "cli/interrupt.hpp"
#include "cli/json_line.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t buffer_bytes = 64 << 10;

bool wants_color(ColorChoice choice, bool terminal) {
    if (choice != ColorChoice::automatic) return choice == ColorChoice::always;
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool asked_not_to = no_color != nullptr && *no_color != '\0';
    const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
    return terminal && !asked_not_to && !dumb;
}

enum class Written : std::uint8_t { all, reader_gone, failed, interrupted };

Written write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EPIPE) {
            return Written::reader_gone;
        } else if (errno != EINTR) {
            return Written::failed;
        } else if (was_interrupted()) {
            return Written::interrupted;
        }
    }
    return Written::all;
}

}  // namespace

Output::Output(OutputOptions options)
    : options_(options),
      data_terminal_(::isatty(options.data_fd) == 1),
      notes_terminal_(::isatty(options.notes_fd) == 1),
      notes_color_(wants_color(options.color, notes_terminal_)) {}

void Output::data(std::string_view bytes) {
    buffer_ += bytes;
    if (buffer_.size() >= buffer_bytes) flush();
}

void Output::line(std::string_view text) {
    data(text);
    data("\n");
}

void Output::flush() {
    const auto pending = std::move(buffer_);
    buffer_.clear();
    switch (write_all(options_.data_fd, pending)) {
        case Written::all: return;
        case Written::reader_gone: throw OutputClosed{};
        case Written::interrupted: throw Interrupted{};
        case Written::failed:
            throw Failure(ExitCode::no, fmt::format("cannot write the output: {}", std::strerror(errno)));
    }
}

void Output::note(std::string_view text) {
    if (options_.quiet) return;
    raw_note(fmt::format("{}\n", text));
}

void Output::raw_note(std::string_view text) {
    // Whoever closed standard error does not want to hear it.
    (void)write_all(options_.notes_fd, text);
}

void Output::failure(const Failure& failure) {
    if (options_.json) {
        nlohmann::ordered_json document{
            {"error", {{"message", failure.what()}, {"exit_code", static_cast<int>(failure.code())}}}};
        if (!failure.remedy().empty()) document["error"]["remedy"] = failure.remedy();
        raw_note(json_line(document) + "\n");
        return;
    }
    const auto* red = notes_color_ ? "\x1b[31m" : "";
    const auto* plain = notes_color_ ? "\x1b[0m" : "";
    raw_note(fmt::format("{}foldback:{} {}\n", red, plain, failure.what()));
    if (!failure.remedy().empty()) raw_note(fmt::format("  {}\n", failure.remedy()));
}

std::string json_string(std::string_view text) { return json_line(text); }

}  // namespace foldback::cli
