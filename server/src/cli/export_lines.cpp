#include "cli/export_lines.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/failure.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

constexpr std::string_view message_begins = "{\"stream\":";

[[noreturn]] void fail(std::string_view line) {
    throw Failure(ExitCode::usage, fmt::format("\"{}\" is not a line of an export", printable(line.substr(0, 80))));
}

}  // namespace

bool is_message(std::string_view line) noexcept { return line.starts_with(message_begins); }

ExportedMessage parse_exported(std::string_view line) {
    // The value comes last, and quotes within texts are escaped: the first such place is where it begins.
    ExportedMessage message;
    message.is_json = true;
    std::string_view key = ",\"data\":";
    auto at = line.find(key);
    if (at == std::string_view::npos) {
        message.is_json = false;
        key = ",\"base64\":\"";
        at = line.find(key);
    }
    const std::string_view end = message.is_json ? "}" : "\"}";
    if (!is_message(line) || at == std::string_view::npos || !line.ends_with(end)) fail(line);
    const auto head = nlohmann::json::parse(std::string(line.substr(0, at)) + "}", nullptr, false);
    if (!head.is_object() || !head["stream"].is_string()) fail(line);
    message.stream = head["stream"].get<std::string>();
    message.position = head.value("position", std::string());
    const auto value = line.substr(at + key.size(), line.size() - end.size() - at - key.size());
    (message.is_json ? message.data : message.base64) = value;
    return message;
}

void ExportedSoFar::note(std::string_view line) {
    if (is_message(line)) {
        ++messages;
        const auto position = parse_exported(line).position;
        if (const auto number = parse_count(position)) next_position = fmt::format("{:020}", *number + 1);
        if (position.empty()) {
            ++inherited_;
        } else {
            unfinished_.clear();
        }
        return;
    }
    const auto document = nlohmann::json::parse(line, nullptr, false);
    if (!document.is_object()) fail(line);
    unfinished_.clear();
    if (document.contains("create")) {
        unfinished_ = document["create"].get<std::string>();
        inherited_ = 0;
        created.insert(unfinished_);
    }
    ended = ended || document.contains("end");
}

bool ExportedSoFar::forget_unfinished() {
    if (unfinished_.empty()) return false;
    created.erase(std::exchange(unfinished_, {}));
    messages -= inherited_;
    return true;
}

}  // namespace foldback::cli
