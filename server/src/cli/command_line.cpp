#include "cli/command_line.hpp"

#include <algorithm>
#include <cctype>

#include "cli/serve_settings.hpp"
#include "cli/verb_tree.hpp"

namespace foldback::cli {
namespace {

/// Makes a command line of arguments.
class Parser {
public:
    std::variant<CommandLine, HelpText> parse(const std::vector<std::string>& arguments) {
        // What stands after `--` are words as they are; CLI11 gives them to the program instead of the verb.
        const bool takes_words = std::any_of(arguments.begin(), arguments.end(), [](const std::string& word) {
            return word == "append" || word == "write";
        });
        const auto dashes = takes_words ? std::find(arguments.begin(), arguments.end(), "--") : arguments.end();
        std::vector<std::string> words;
        for (auto word = arguments.begin(); word != dashes; ++word) add(*word, words);
        std::reverse(words.begin(), words.end());
        try {
            app_.parse(std::move(words));
        } catch (const CLI::CallForHelp&) {
            return HelpText{app_.help()};
        } catch (const CLI::CallForVersion& version) {
            return HelpText{fmt::format("{}\n", version.what())};
        } catch (const CLI::ExtrasError&) {
            throw unexpected(app_.remaining(true));
        } catch (const CLI::ParseError& error) {
            throw Failure(ExitCode::usage, error.what(), help_command());
        }
        if (app_.get_subcommands().empty()) return HelpText{app_.help(), ExitCode::usage};
        auto command = tree_.command_of(*app_.get_subcommands().front());
        if (auto* append = std::get_if<AppendCommand>(&command)) {
            refuse_flags(append->words);
            if (dashes != arguments.end()) append->words.insert(append->words.end(), dashes + 1, arguments.end());
        }
        return CommandLine{tree_.common(), std::move(command)};
    }

private:
    /// CLI11 would take the next word for the value of `--flag=`.
    static void add(const std::string& word, std::vector<std::string>& words) {
        const bool has_empty_value = word.starts_with("--") && word.find('=') == word.size() - 1;
        words.push_back(has_empty_value ? word.substr(0, word.size() - 1) : word);
        if (has_empty_value) words.emplace_back();
    }

    /// A mistyped flag is no word.
    void refuse_flags(const std::vector<std::string>& words) const {
        for (const auto& word : words) {
            const bool is_letter =
                word.size() == 2 && word[0] == '-' && std::isalpha(static_cast<unsigned char>(word[1])) != 0;
            if (word.starts_with("--") || is_letter) throw unexpected({word});
        }
    }

    [[nodiscard]] std::string help_command() const {
        const auto verbs = app_.get_subcommands();
        return verbs.empty() ? "foldback --help" : fmt::format("foldback {} --help", verbs.front()->get_name());
    }

    [[nodiscard]] Failure unexpected(const std::vector<std::string>& extras) const {
        const auto& first = extras.front();
        const auto verbs = app_.get_subcommands();
        std::vector<std::string> known;
        if (first.starts_with('-')) {
            const auto* scope = verbs.empty() ? &app_ : verbs.front();
            if (!scope->get_subcommands().empty()) scope = scope->get_subcommands().front();
            for (const auto* option : scope->get_options()) {
                for (const auto& name : option->get_lnames()) known.push_back("--" + name);
            }
            const auto name = first.substr(0, first.find('='));
            return {ExitCode::usage, fmt::format("there is no flag {}.{}", name, did_you_mean(name, known)),
                    help_command()};
        }
        if (!verbs.empty()) return {ExitCode::usage, fmt::format("unexpected argument \"{}\"", first), help_command()};
        for (const auto* verb : app_.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); })) {
            known.push_back(verb->get_name());
            for (const auto& alias : verb->get_aliases()) known.push_back(alias);
        }
        return {ExitCode::usage, fmt::format("there is no command \"{}\".{}", first, did_you_mean(first, known)),
                help_command()};
    }

    VerbTree tree_;
    CLI::App& app_ = tree_.program();
};

FlagDescription describe_flag(const CLI::Option& option, const Settings& settings) {
    FlagDescription flag;
    flag.long_name = "--" + option.get_lnames().front();
    if (!option.get_snames().empty()) flag.short_name = "-" + option.get_snames().front();
    const bool is_switch = option.get_expected_max() == 0;
    if (!is_switch) flag.value_name = option.get_type_name();
    flag.standard = option.get_default_str();
    flag.meaning = option.get_description();
    flag.group = option.get_group();
    const auto& name = option.get_lnames().front();
    if (const auto* setting = settings.find(name); setting != nullptr && setting->group == flag.group) {
        flag.variable = setting->variable;
        flag.standard = setting->standard;
    }
    if (name == "config") flag.variable = "FOLDBACK_CONFIG";
    if (name == "url") flag.variable = "STREAM_URL";
    if (name == "auth") flag.variable = "STREAM_AUTH";
    if (name == "token") flag.variable = "FOLDBACK_TOKEN";
    if (name == "ca-file") flag.variable = "FOLDBACK_CA_FILE";
    return flag;
}

CommandDescription describe(const CLI::App& app, const std::string& group) {
    CommandDescription command{.name = group == "-" ? "foldback" : app.get_name(),
                               .aliases = app.get_aliases(),
                               .meaning = app.get_description(),
                               .group = group};
    ServeSettings standard;
    const auto settings = settings_of(standard);
    for (const auto* option : app.get_options()) {
        if (!option->get_positional()) {
            command.flags.push_back(describe_flag(*option, settings));
            continue;
        }
        const FlagDescription as_flag{.value_name = option->get_type_name()};
        command.positionals.push_back({option->get_name(true), option->get_description(), as_flag.choices()});
    }
    if (app.get_allow_extras()) command.positionals.push_back({"content...", "words to append, joined by blanks", {}});
    for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        command.commands.push_back(describe(*verb, verb->get_group()));
    }
    return command;
}

}  // namespace

std::variant<CommandLine, HelpText> parse_command_line(const std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments.front() != "help") return Parser().parse(arguments);
    std::vector<std::string> asks_for_help(arguments.begin() + 1, arguments.end());
    asks_for_help.emplace_back("--help");
    return Parser().parse(asks_for_help);
}

CommandDescription describe_program() {
    const VerbTree tree;
    return describe(tree.program(), "-");
}

}  // namespace foldback::cli
