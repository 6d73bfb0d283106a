#include "cli/settings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/suggestion.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

constexpr std::string_view variable_prefix = "FOLDBACK_";

std::string variable_of(std::string_view name) {
    std::string variable(variable_prefix);
    for (const char letter : name) {
        variable += letter == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    }
    return variable;
}

std::string range_text(Bounds bounds, std::string (*format)(std::uint64_t)) {
    if (bounds.most == UINT64_MAX) return fmt::format("at least {}", format(bounds.least));
    return fmt::format("from {} to {}", format(bounds.least), format(bounds.most));
}

std::string plain(std::uint64_t value) { return std::to_string(value); }

std::optional<bool> parse_switch(std::string_view text) {
    constexpr std::array<std::string_view, 4> on{"true", "1", "yes", "on"};
    constexpr std::array<std::string_view, 4> off{"false", "0", "no", "off"};
    if (std::find(on.begin(), on.end(), text) != on.end()) return true;
    if (std::find(off.begin(), off.end(), text) != off.end()) return false;
    return std::nullopt;
}

}  // namespace

Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr || *value == '\0') return std::nullopt;
        return value;
    };
}

void Settings::add(Setting setting) {
    setting.group = group_;
    setting.variable = variable_of(setting.name);
    setting.standard = setting.current();
    settings_.push_back(std::move(setting));
}

void Settings::add_text(std::string name, std::string& target, std::string value_name, std::string meaning) {
    Setting setting;
    setting.name = std::move(name);
    setting.value_name = std::move(value_name);
    setting.meaning = std::move(meaning);
    setting.assign = [&target](std::string_view text) { return target = text, std::string{}; };
    setting.current = [&target] { return target; };
    add(std::move(setting));
}

void Settings::add_switch(std::string name, bool& target, std::string meaning) {
    Setting setting;
    setting.name = std::move(name);
    setting.meaning = std::move(meaning);
    setting.assign = [&target](std::string_view text) -> std::string {
        const auto value = parse_switch(text);
        if (!value) return "it must be true or false";
        target = *value;
        return {};
    };
    setting.current = [&target] { return std::string(target ? "true" : "false"); };
    add(std::move(setting));
}

void Settings::add_count(std::string name, std::size_t& target, Bounds bounds, std::string meaning) {
    Setting setting;
    setting.name = std::move(name);
    setting.value_name = "N";
    setting.meaning = std::move(meaning);
    setting.assign = [&target, bounds](std::string_view text) -> std::string {
        const auto value = parse_count(text);
        if (!value || *value < bounds.least || *value > bounds.most) {
            return "it must be a whole number, " + range_text(bounds, plain);
        }
        target = *value;
        return {};
    };
    setting.current = [&target] { return std::to_string(target); };
    add(std::move(setting));
}

void Settings::add_bytes(std::string name, std::size_t& target, Bounds bounds, std::string meaning) {
    Setting setting;
    setting.name = std::move(name);
    setting.value_name = "BYTES";
    setting.meaning = std::move(meaning);
    setting.assign = [&target, bounds](std::string_view text) -> std::string {
        const auto value = parse_bytes(text);
        if (!value || *value < bounds.least || *value > bounds.most) {
            return "it must be a number of bytes such as 65536, 64KiB or 8MiB, " + range_text(bounds, bytes_setting);
        }
        target = *value;
        return {};
    };
    setting.current = [&target] { return bytes_setting(target); };
    add(std::move(setting));
}

void Settings::add_milliseconds(std::string name, std::chrono::milliseconds& target, Bounds bounds,
                                std::string meaning) {
    Setting setting;
    setting.name = std::move(name);
    setting.value_name = "MS";
    setting.meaning = std::move(meaning);
    setting.assign = [&target, bounds](std::string_view text) -> std::string {
        const auto value = parse_count(text);
        if (!value || *value < bounds.least || *value > bounds.most) {
            return "it must be a whole number of milliseconds, " + range_text(bounds, plain);
        }
        target = std::chrono::milliseconds(*value);
        return {};
    };
    setting.current = [&target] { return std::to_string(target.count()); };
    add(std::move(setting));
}

void Settings::add_fraction(std::string name, double& target, std::string meaning) {
    Setting setting;
    setting.name = std::move(name);
    setting.value_name = "FRACTION";
    setting.meaning = std::move(meaning);
    setting.assign = [&target](std::string_view text) -> std::string {
        double value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = error == std::errc{} && end == text.data() + text.size();
        if (!whole || !(value > 0 && value <= 1)) return "it must be a number above 0 and at most 1, such as 0.5";
        target = value;
        return {};
    };
    setting.current = [&target] { return fmt::format("{}", target); };
    add(std::move(setting));
}

void Settings::add_choice(std::string name, std::string& target, std::vector<std::string> choices,
                          std::string meaning) {
    Setting setting;
    setting.name = std::move(name);
    setting.value_name = fmt::format("{}", fmt::join(choices, "|"));
    setting.meaning = std::move(meaning);
    setting.assign = [&target, choices = std::move(choices)](std::string_view text) -> std::string {
        if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
            return fmt::format("it must be one of {}.{}", fmt::join(choices, ", "), did_you_mean(text, choices));
        }
        target = text;
        return {};
    };
    setting.current = [&target] { return target; };
    add(std::move(setting));
}

const Setting* Settings::find(std::string_view name) const noexcept {
    const auto found = std::find_if(settings_.begin(), settings_.end(),
                                    [name](const Setting& setting) { return setting.name == name; });
    return found == settings_.end() ? nullptr : &*found;
}

void Settings::assign(Setting& setting, std::string_view value, Source source, std::string source_name) {
    const auto problem = setting.assign(value);
    if (!problem.empty()) {
        throw Failure(ExitCode::usage,
                      fmt::format("{}: \"{}\" is not a value of {}: {}", source_name, value, setting.name, problem));
    }
    setting.source = source;
    setting.source_name = std::move(source_name);
}

void Settings::apply(const ConfigFile& file) {
    for (const auto& entry : file.entries) {
        const auto place = fmt::format("{}:{}", file.name, entry.line);
        const auto found = std::find_if(settings_.begin(), settings_.end(),
                                        [&](const Setting& setting) { return setting.name == entry.key; });
        if (found == settings_.end()) {
            std::vector<std::string> names;
            for (const auto& setting : settings_) names.push_back(setting.name);
            throw Failure(
                ExitCode::usage,
                fmt::format("{}: there is no setting \"{}\".{}", place, entry.key, did_you_mean(entry.key, names)),
                "foldback config show");
        }
        assign(*found, entry.value, Source::file, place);
    }
}

void Settings::apply(const Environment& environment) {
    for (auto& setting : settings_) {
        if (const auto value = environment(setting.variable)) {
            assign(setting, *value, Source::environment, setting.variable);
        }
    }
}

void Settings::apply_flag(std::string_view name, std::string_view value) {
    const auto found = std::find_if(settings_.begin(), settings_.end(),
                                    [name](const Setting& setting) { return setting.name == name; });
    if (found == settings_.end()) throw std::logic_error("no setting of that name");
    assign(*found, value, Source::flag, fmt::format("--{}", name));
}

std::vector<std::string> unknown_variables(const Settings& settings, const char* const* environment) {
    std::vector<std::string> known{"FOLDBACK_CONFIG"};
    for (const auto& setting : settings.all()) known.push_back(setting.variable);
    std::vector<std::string> sentences;
    for (; *environment != nullptr; ++environment) {
        const std::string_view entry(*environment);
        if (!entry.starts_with(variable_prefix)) continue;
        const auto name = entry.substr(0, entry.find('='));
        if (std::find(known.begin(), known.end(), name) != known.end()) continue;
        const auto meant = did_you_mean(name, known);
        if (!meant.empty()) sentences.push_back(fmt::format("{} is set but means nothing.{}", printable(name), meant));
    }
    return sentences;
}

}  // namespace foldback::cli
