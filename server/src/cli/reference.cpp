#include "cli/reference.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/exit_codes.hpp"

namespace foldback::cli {
namespace {

/// Text of a table cell.
std::string cell(std::string_view text) {
    std::string result;
    for (const char letter : text) result += letter == '|' ? std::string("\\|") : std::string(1, letter);
    return result;
}

std::string flag_cell(const FlagDescription& flag) {
    const auto short_name = flag.short_name.empty() ? std::string{} : fmt::format("`{}`, ", flag.short_name);
    return short_name +
           fmt::format("`{}{}{}`", flag.long_name, flag.value_name.empty() ? "" : " ", cell(flag.value_name));
}

std::string standard_cell(const FlagDescription& flag) {
    return flag.standard.empty() || flag.standard == "false" ? "" : fmt::format("`{}`", cell(flag.standard));
}

std::string settings_tables(const CommandDescription& serve) {
    std::vector<std::string> groups;
    for (const auto& flag : serve.flags) {
        if (flag.variable.empty() || std::find(groups.begin(), groups.end(), flag.group) != groups.end()) continue;
        groups.push_back(flag.group);
    }
    std::string text = "### Settings of `foldback serve`\n";
    for (const auto& group : groups) {
        text += fmt::format("\n#### {}\n\n| flag | environment | default | meaning |\n|---|---|---|---|\n", group);
        for (const auto& flag : serve.flags) {
            if (flag.group != group || flag.variable.empty()) continue;
            text += fmt::format("| {} | `{}` | {} | {} |\n", flag_cell(flag), flag.variable, standard_cell(flag),
                                cell(flag.meaning));
        }
    }
    return text;
}

std::string usage_of(const CommandDescription& verb) {
    auto text = "foldback " + verb.name;
    for (const auto& positional : verb.positionals) {
        const auto name =
            positional.choices.empty() ? positional.name : fmt::format("{}", fmt::join(positional.choices, "|"));
        text += " " + name;
    }
    return text;
}

bool is_same(const FlagDescription& left, const FlagDescription& right) {
    return left.long_name == right.long_name && left.meaning == right.meaning;
}

bool has_flag(const CommandDescription& verb, const FlagDescription& wanted) {
    return std::any_of(verb.flags.begin(), verb.flags.end(),
                       [&wanted](const FlagDescription& flag) { return is_same(flag, wanted); });
}

/// The flags that every verb on streams has, told once.
std::vector<FlagDescription> common_flags(const CommandDescription& program) {
    std::vector<FlagDescription> common;
    const CommandDescription* first = nullptr;
    for (const auto& verb : program.commands) {
        if (verb.group != "Streams") continue;
        if (first == nullptr) common = (first = &verb)->flags;
        std::erase_if(common, [&verb](const FlagDescription& flag) { return !has_flag(verb, flag); });
    }
    std::erase_if(common, [](const FlagDescription& flag) { return flag.long_name == "--help"; });
    return common;
}

std::string flag_row(const FlagDescription& flag) {
    return fmt::format("| {} | {} | {} |\n", flag_cell(flag), standard_cell(flag), cell(flag.meaning));
}

constexpr std::string_view argument_header = "\n| argument | default | meaning |\n|---|---|---|\n";

std::string common_section(const std::vector<FlagDescription>& common) {
    auto text = "\nEvery verb on streams understands:\n" + std::string(argument_header);
    for (const auto& flag : common) text += flag_row(flag);
    return text;
}

std::string verb_section(const CommandDescription& verb, const std::vector<FlagDescription>& common) {
    auto text = fmt::format("\n#### `{}`\n\n{}", usage_of(verb), verb.meaning);
    if (!verb.aliases.empty()) text += fmt::format(" (also `{}`)", fmt::join(verb.aliases, "`, `"));
    text += ".\n";
    std::string rows;
    for (const auto& positional : verb.positionals) {
        rows += fmt::format("| `{}` | | {} |\n", positional.name, cell(positional.meaning));
    }
    for (const auto& flag : verb.flags) {
        const bool told =
            std::any_of(common.begin(), common.end(), [&](const auto& other) { return is_same(flag, other); });
        if (flag.long_name != "--help" && !(told && verb.group == "Streams")) rows += flag_row(flag);
    }
    return rows.empty() ? text : text + std::string(argument_header) + rows;
}

std::string exit_code_table() {
    std::string text = "\n### Exit codes\n\n| code | meaning |\n|---|---|\n";
    for (const auto& [code, meaning] : exit_code_meanings)
        text += fmt::format("| {} | {} |\n", static_cast<int>(code), meaning);
    return text;
}

}  // namespace

std::string reference(const CommandDescription& program) {
    std::string settings;
    const auto common = common_flags(program);
    auto verbs = "\n### Verbs\n" + common_section(common);
    for (const auto& verb : program.commands) {
        if (verb.group.empty()) continue;
        if (verb.name == "serve") {
            settings = settings_tables(verb);
        } else if (verb.name != "config" && verb.name != "check-config") {
            verbs += verb_section(verb, common);
        }
    }
    return settings + verbs + exit_code_table();
}

}  // namespace foldback::cli
