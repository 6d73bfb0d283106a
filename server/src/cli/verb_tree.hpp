#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/suggestion.hpp"
#include "cli/units.hpp"

/// The verbs and their flags in the words of CLI11. It takes nine seconds to compile: nobody but the command line sees this.
namespace foldback::cli {

/// The program, its verbs, and the values that CLI11 fills for them. The tree must not move while it is used.
class VerbTree {
public:
    VerbTree();
    VerbTree(const VerbTree&) = delete;
    VerbTree& operator=(const VerbTree&) = delete;

    [[nodiscard]] CLI::App& program() noexcept { return program_; }
    [[nodiscard]] const CLI::App& program() const noexcept { return program_; }
    [[nodiscard]] CommonOptions& common() noexcept { return common_; }

    /// A verb whose values live in a `T`, and are a Command as they are.
    template <class T>
    std::pair<CLI::App*, std::shared_ptr<T>> add_verb(CLI::App& parent, const std::string& name,
                                                      const std::string& group, const std::string& meaning) {
        auto* verb = parent.add_subcommand(name, meaning);
        verb->group(group);
        auto values = std::make_shared<T>();
        set_command(verb, [values]() -> Command { return *values; });
        return {verb, values};
    }
    /// What makes a verb's values a Command instead.
    void set_command(const CLI::App* verb, std::function<Command()> make) { commands_[verb] = std::move(make); }
    /// Of a verb that was parsed, or of the one below it.
    [[nodiscard]] Command command_of(const CLI::App& verb) const;

    /// Flags that many verbs have.
    void add_connection(CLI::App& verb);
    void add_common(CLI::App& verb);
    void add_json(CLI::App& verb);
    void add_data(CLI::App& verb);
    void add_progress(CLI::App& verb);

private:
    CLI::App program_;
    CommonOptions common_;
    std::map<const CLI::App*, std::function<Command()>> commands_;
};

/// Each adds the verbs of a group, in the order in which help lists them.
void add_server_verbs(VerbTree& tree);
void add_stream_verbs(VerbTree& tree);
void add_debug_verbs(VerbTree& tree);
void add_directory_verbs(VerbTree& tree);
void add_other_verbs(VerbTree& tree);

template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;

/// A flag whose value is one of some words; the first is the default.
template <class Value>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Value& target, const Choices<Value>& choices,
                        const std::string& meaning) {
    std::vector<std::string> words;
    for (const auto& choice : choices) words.push_back(choice.first);
    const auto assign = [&target, choices, words, name](const std::string& text) {
        for (const auto& [word, value] : choices) {
            if (word == text) {
                target = value;
                return;
            }
        }
        throw CLI::ValidationError(
            name, fmt::format("\"{}\" is none of {}.{}", text, fmt::join(words, ", "), did_you_mean(text, words)));
    };
    return app.add_option_function<std::string>(name, assign, meaning)
        ->type_name(fmt::format("{}", fmt::join(words, "|")))
        ->default_str(words.front());
}

/// A whole number in tens. CLI11 takes one that begins with a zero for one in eights, and -1 for the largest.
[[nodiscard]] inline CLI::Validator whole_number() {
    return CLI::Validator(
        [](std::string& text) {
            const auto value = parse_count(text);
            if (value) text = std::to_string(*value);
            return value ? std::string() : fmt::format("\"{}\" is not a whole number", printable(text));
        },
        "");
}

/// Without the words that CLI11 would add to the name of the value.
[[nodiscard]] inline CLI::Validator between(std::uint64_t least, std::uint64_t most) {
    return CLI::Range(least, most).description("");
}

}  // namespace foldback::cli
