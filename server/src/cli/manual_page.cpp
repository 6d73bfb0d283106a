#include "cli/manual_page.hpp"

#include <fmt/format.h>

#include "cli/exit_codes.hpp"
#include "foldback/version.hpp"

namespace foldback::cli {
namespace {

/// Text that means only itself: roff gives a meaning to backslashes, dashes and to what begins a line.
std::string plain(std::string_view text) {
    std::string result;
    if (text.starts_with('.') || text.starts_with('\'')) result += "\\&";
    for (const char letter : text) {
        if (letter == '\\') {
            result += "\\e";
        } else if (letter == '-') {
            result += "\\-";
        } else if (letter != '`') {
            result += letter;
        }
    }
    return result;
}

std::string flag_entry(const FlagDescription& flag) {
    const auto short_name =
        flag.short_name.empty() ? std::string{} : fmt::format("\\fB{}\\fR, ", plain(flag.short_name));
    const auto value = flag.value_name.empty() ? std::string{} : fmt::format(" \\fI{}\\fR", plain(flag.value_name));
    auto text = fmt::format(".TP\n{}\\fB{}\\fR{}\n{}", short_name, plain(flag.long_name), value, plain(flag.meaning));
    if (!flag.standard.empty() && flag.standard != "false") text += fmt::format(" (default: {})", plain(flag.standard));
    if (!flag.variable.empty()) text += fmt::format("; \\fB{}\\fR", plain(flag.variable));
    return text + "\n";
}

std::string verb_section(const CommandDescription& verb, const std::string& before) {
    if (verb.group.empty()) return {};
    const auto name = before + " " + verb.name;
    auto text = fmt::format(".SS {}", plain(name));
    for (const auto& positional : verb.positionals) text += " \\fI" + plain(positional.name) + "\\fR";
    text += fmt::format("\n{}.\n", plain(verb.meaning));
    for (const auto& positional : verb.positionals) {
        text += fmt::format(".TP\n\\fI{}\\fR\n{}\n", plain(positional.name), plain(positional.meaning));
    }
    // The settings of the server are told once.
    if (verb.name == "check-config" || before.ends_with("config")) {
        return text + "Takes the settings of \\fBfoldback serve\\fR.\n";
    }
    for (const auto& flag : verb.flags) {
        if (flag.long_name != "--help") text += flag_entry(flag);
    }
    for (const auto& nested : verb.commands) text += verb_section(nested, name);
    return text;
}

}  // namespace

std::string manual_page(const CommandDescription& program) {
    auto text = fmt::format(
        ".TH FOLDBACK 1 \"\" \"foldback {}\"\n.SH NAME\nfoldback \\- an event store that speaks the "
        "Durable Streams protocol\n.SH SYNOPSIS\n.B foldback\n.I verb\n[\\fIoptions\\fR]\n",
        plain(version()));
    text += fmt::format(".SH DESCRIPTION\n{}.\n", plain(program.meaning));
    text += ".SH VERBS\n";
    for (const auto& verb : program.commands) text += verb_section(verb, "foldback");
    text += ".SH EXIT STATUS\n";
    for (const auto& [code, meaning] : exit_code_meanings) {
        text += fmt::format(".TP\n{}\n{}\n", static_cast<int>(code), plain(meaning));
    }
    text += ".SH FILES\n.TP\n/etc/foldback/foldback.toml\nsettings of the server\n";
    return text;
}

}  // namespace foldback::cli
