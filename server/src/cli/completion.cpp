#include "cli/completion.hpp"

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/suggestion.hpp"

namespace foldback::cli {

std::vector<std::string> FlagDescription::choices() const {
    std::vector<std::string> words;
    if (value_name.find('|') == std::string::npos) return words;
    for (std::size_t from = 0; from <= value_name.size();) {
        const auto bar = std::min(value_name.find('|', from), value_name.size());
        words.push_back(value_name.substr(from, bar - from));
        from = bar + 1;
    }
    return words;
}

namespace {

/// What the shell offers where a value of this name is due.
enum class ValueKind { words, file, directory, anything };

ValueKind kind_of(const FlagDescription& flag) {
    if (!flag.choices().empty()) return ValueKind::words;
    if (flag.value_name == "FILE") return ValueKind::file;
    if (flag.value_name == "DIR") return ValueKind::directory;
    return ValueKind::anything;
}

std::vector<std::string> names_of(const CommandDescription& command) {
    std::vector<std::string> names{command.name};
    names.insert(names.end(), command.aliases.begin(), command.aliases.end());
    return names;
}

std::vector<std::string> visible_names(const CommandDescription& parent) {
    std::vector<std::string> names;
    for (const auto& command : parent.commands) {
        if (command.group.empty()) continue;
        for (auto& name : names_of(command)) names.push_back(std::move(name));
    }
    return names;
}

/// The words that may stand where the command takes a word: subcommands, or the choices of the first argument.
std::vector<std::string> words_of(const CommandDescription& command) {
    auto words = visible_names(command);
    if (words.empty() && !command.positionals.empty()) words = command.positionals.front().choices;
    return words;
}

std::string single_quoted(std::string_view text) {
    std::string result = "'";
    for (const char letter : text) result += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    return result + "'";
}

std::string bash_values(const CommandDescription& command) {
    std::string cases;
    for (const auto& flag : command.flags) {
        if (flag.value_name.empty()) continue;
        const auto pattern = flag.short_name.empty() ? flag.long_name : flag.long_name + "|" + flag.short_name;
        switch (kind_of(flag)) {
            case ValueKind::words:
                cases += fmt::format("        {}) COMPREPLY=($(compgen -W '{}' -- \"$word\")); return ;;\n", pattern,
                                     fmt::join(flag.choices(), " "));
                break;
            case ValueKind::file:
                cases += fmt::format("        {}) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n", pattern);
                break;
            case ValueKind::directory:
                cases += fmt::format("        {}) COMPREPLY=($(compgen -d -- \"$word\")); return ;;\n", pattern);
                break;
            case ValueKind::anything: cases += fmt::format("        {}) return ;;\n", pattern); break;
        }
    }
    return cases;
}

std::string bash_command(const CommandDescription& command) {
    std::vector<std::string> flags;
    for (const auto& flag : command.flags) flags.push_back(flag.long_name);
    return fmt::format(R"(    {})
        case "$previous" in
{}        esac
        flags='{}'; words='{}' ;;
)",
                       fmt::join(names_of(command), "|"), bash_values(command), fmt::join(flags, " "),
                       fmt::join(words_of(command), " "));
}

std::string bash_script(const CommandDescription& program) {
    std::string cases;
    for (const auto& command : program.commands) {
        if (!command.group.empty()) cases += bash_command(command);
    }
    return fmt::format(R"(# bash completion of {0}. To use it: source <({0} completion bash)
_{0}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} verb='' index flags='' words=''
    for ((index = 1; index < COMP_CWORD; index++)); do
        case ${{COMP_WORDS[index]}} in
        -*) ;;
        *) verb=${{COMP_WORDS[index]}}; break ;;
        esac
    done
    COMPREPLY=()
    case "$verb" in
    '') words='{1}' ;;
{2}    esac
    case "$word" in
    -*) COMPREPLY=($(compgen -W "$flags" -- "$word")) ;;
    *) COMPREPLY=($(compgen -W "$words" -- "$word")) ;;
    esac
}}
complete -F _{0} {0}
)",
                       program.name, fmt::join(visible_names(program), " "), cases);
}

/// Text inside `_arguments` specifications: brackets and colons have a meaning there.
std::string zsh_text(std::string_view text) {
    std::string result;
    for (const char letter : text) {
        if (letter == '[' || letter == ']' || letter == ':' || letter == '\\') result += '\\';
        result += letter;
    }
    return result;
}

std::string zsh_flag(const FlagDescription& flag, const std::string& name) {
    auto spec = fmt::format("{}[{}]", name, zsh_text(flag.meaning));
    if (!flag.value_name.empty()) {
        spec += ":" + zsh_text(flag.choices().empty() ? flag.value_name : "value") + ":";
        switch (kind_of(flag)) {
            case ValueKind::words: spec += fmt::format("({})", fmt::join(flag.choices(), " ")); break;
            case ValueKind::file: spec += "_files"; break;
            case ValueKind::directory: spec += "_files -/"; break;
            case ValueKind::anything: spec += " "; break;
        }
    }
    return single_quoted(spec);
}

std::string zsh_command(const CommandDescription& command) {
    std::string lines;
    for (const auto& flag : command.flags) {
        lines += " \\\n            " + zsh_flag(flag, flag.long_name);
        if (!flag.short_name.empty()) lines += " \\\n            " + zsh_flag(flag, flag.short_name);
    }
    const auto words = words_of(command);
    if (!words.empty()) lines += fmt::format(" \\\n            '*:word:({})'", fmt::join(words, " "));
    return fmt::format("    {})\n        _arguments{} ;;\n", fmt::join(names_of(command), "|"), lines);
}

std::string zsh_script(const CommandDescription& program) {
    std::string verbs;
    std::string cases;
    for (const auto& command : program.commands) {
        if (command.group.empty()) continue;
        verbs += "        " + single_quoted(command.name + ":" + zsh_text(command.meaning)) + "\n";
        cases += zsh_command(command);
    }
    return fmt::format(R"(#compdef {0}
# zsh completion of {0}. To use it: {0} completion zsh > "${{fpath[1]}}/_{0}"
_{0}() {{
    local -a verbs
    verbs=(
{1}    )
    if (( CURRENT == 2 )); then
        _describe 'command' verbs
        return
    fi
    local verb=$words[2]
    shift words
    (( CURRENT-- ))
    case "$verb" in
{2}    esac
}}
if [ "$funcstack[1]" = "_{0}" ]; then _{0} "$@"; else compdef _{0} {0}; fi
)",
                       program.name, verbs, cases);
}

std::string fish_flag(const CommandDescription& program, const CommandDescription& command,
                      const FlagDescription& flag) {
    auto line =
        fmt::format("complete -c {} -n {} -l {}", program.name,
                    single_quoted(fmt::format("__fish_seen_subcommand_from {}", fmt::join(names_of(command), " "))),
                    flag.long_name.substr(2));
    if (!flag.short_name.empty()) line += " -s " + flag.short_name.substr(1);
    switch (flag.value_name.empty() ? ValueKind::anything : kind_of(flag)) {
        case ValueKind::words:
            line += fmt::format(" -x -a {}", single_quoted(fmt::format("{}", fmt::join(flag.choices(), " "))));
            break;
        case ValueKind::file: line += " -r -F"; break;
        case ValueKind::directory: line += " -x -a '(__fish_complete_directories)'"; break;
        case ValueKind::anything: line += flag.value_name.empty() ? "" : " -x"; break;
    }
    return line + " -d " + single_quoted(flag.meaning) + "\n";
}

std::string fish_script(const CommandDescription& program) {
    auto script = fmt::format("# fish completion of {0}. To use it: {0} completion fish | source\ncomplete -c {0} -f\n",
                              program.name);
    for (const auto& command : program.commands) {
        if (command.group.empty()) continue;
        script += fmt::format("complete -c {} -n __fish_use_subcommand -a {} -d {}\n", program.name,
                              single_quoted(fmt::format("{}", fmt::join(names_of(command), " "))),
                              single_quoted(command.meaning));
        const auto words = words_of(command);
        if (!words.empty()) {
            script += fmt::format("complete -c {} -n '__fish_seen_subcommand_from {}' -a {}\n", program.name,
                                  command.name, single_quoted(fmt::format("{}", fmt::join(words, " "))));
        }
        for (const auto& flag : command.flags) script += fish_flag(program, command, flag);
    }
    return script;
}

}  // namespace

std::string completion_script(const CommandDescription& program, const std::string& shell) {
    if (shell == "bash") return bash_script(program);
    if (shell == "zsh") return zsh_script(program);
    if (shell == "fish") return fish_script(program);
    const std::vector<std::string> shells{"bash", "zsh", "fish"};
    throw Failure(ExitCode::usage,
                  fmt::format("there is no completion for \"{}\".{}", shell, did_you_mean(shell, shells)),
                  "foldback completion bash|zsh|fish");
}

}  // namespace foldback::cli
