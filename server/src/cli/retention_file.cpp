#include "cli/retention_file.hpp"

#include <array>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

#include "cli/config_file.hpp"
#include "cli/failure.hpp"
#include "cli/suggestion.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t max_rules = 10'000;

std::vector<std::string_view> words_of(std::string_view line) {
    constexpr std::string_view blanks = " \t\r";
    line = line.substr(0, line.find('#'));
    std::vector<std::string_view> words;
    for (;;) {
        const auto begin = line.find_first_not_of(blanks);
        if (begin == std::string_view::npos) return words;
        const auto end = line.find_first_of(blanks, begin);
        words.push_back(line.substr(begin, end - begin));
        if (end == std::string_view::npos) return words;
        line.remove_prefix(end);
    }
}

/// Throws std::invalid_argument with the reason.
void add_bound(server::RetentionRule& rule, std::string_view word) {
    static const std::array<std::string, 6> names{"max-age",      "max-bytes",    "max-messages",
                                                  "compact-from", "keep-offsets", "wait-for-subscriptions"};
    const auto equals = word.find('=');
    const auto name = word.substr(0, equals);
    const auto value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    const auto require_new = [name](bool is_new) {
        if (!is_new) throw std::invalid_argument(fmt::format("{} is given twice", name));
    };
    if (name == "max-age") {
        require_new(!rule.max_age);
        const auto age = parse_duration(value);
        if (!age || age->count() == 0) throw std::invalid_argument("max-age is a time such as 90s, 15m, 12h or 30d");
        rule.max_age = *age;
    } else if (name == "max-bytes") {
        require_new(!rule.max_bytes);
        rule.max_bytes = parse_bytes(value);
        if (!rule.max_bytes) throw std::invalid_argument("max-bytes is a number such as 65536, 64KiB or 10GiB");
    } else if (name == "max-messages") {
        require_new(!rule.max_messages);
        rule.max_messages = parse_count(value);
        if (!rule.max_messages) throw std::invalid_argument("max-messages is a whole number");
    } else if (name == "compact-from") {
        require_new(!rule.state);
        const auto bytes = parse_bytes(value);
        if (!bytes) throw std::invalid_argument("compact-from is a number such as 65536, 64KiB or 16MiB");
        rule.state = server::StateRetention{.from_bytes = *bytes};
    } else if (name == "keep-offsets") {
        const auto time = parse_duration(value);
        if (!time || !rule.state) {
            throw std::invalid_argument("keep-offsets is a time such as 1h, and stands behind compact-from");
        }
        rule.state->keep_offsets = *time;
    } else if (name == "wait-for-subscriptions") {
        const auto time = parse_duration(value);
        if (!time) throw std::invalid_argument("wait-for-subscriptions is a time such as 12h, 7d or 0s");
        rule.wait_for_subscriptions = *time;
    } else {
        throw std::invalid_argument(
            fmt::format("there is no bound \"{}\".{}", printable(name), did_you_mean(name, names)));
    }
}

void add_line(server::RetentionRules& rules, const std::vector<std::string_view>& words) {
    server::PathGlob streams(words.front());
    if (words.size() == 1) throw std::invalid_argument("what is kept is missing: max-age=30d, or hold");
    if (words[1] == "hold") {
        if (words.size() > 2) throw std::invalid_argument("a hold has no bounds: everything is kept");
        rules.holds.push_back(std::move(streams));
        return;
    }
    server::RetentionRule rule{.streams = std::move(streams)};
    for (std::size_t i = 1; i < words.size(); ++i) add_bound(rule, words[i]);
    if (!rule.max_age && !rule.max_bytes && !rule.max_messages && !rule.state) {
        throw std::invalid_argument("what is kept is missing: max-age=30d, or hold");
    }
    if (rule.state && (rule.max_age || rule.max_bytes || rule.max_messages)) {
        throw std::invalid_argument("compact-from keeps whole snapshots: no other bound may stand beside it");
    }
    rules.rules.push_back(std::move(rule));
}

}  // namespace

server::RetentionRules parse_retention(std::string_view text, const std::string& name) {
    server::RetentionRules rules;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const auto words = words_of(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (words.empty()) continue;
        try {
            add_line(rules, words);
            if (rules.rules.size() + rules.holds.size() > max_rules) throw std::invalid_argument("too many rules");
        } catch (const std::invalid_argument& problem) {
            throw Failure(ExitCode::usage, fmt::format("{}:{}: {}", name, number, problem.what()));
        }
    }
    return rules;
}

server::RetentionRules read_retention_file(const std::filesystem::path& path) {
    if (path.empty()) return {};
    return parse_retention(read_settings_text(path), path.string());
}

}  // namespace foldback::cli
