#include "cli/completion.hpp"

#include <doctest/doctest.h>

#include "cli/command_line.hpp"
#include "cli/failure.hpp"

using namespace foldback::cli;

namespace {

CommandDescription small_program() {
    CommandDescription read{.name = "read", .aliases = {"cat"}, .meaning = "it's read", .group = "Streams"};
    read.flags.push_back({.long_name = "--live", .value_name = "sse|long-poll", .meaning = "how [now]: soon"});
    read.flags.push_back({.long_name = "--file", .short_name = "-f", .value_name = "FILE", .meaning = "a file"});
    read.flags.push_back({.long_name = "--data", .value_name = "DIR", .meaning = "a directory"});
    read.flags.push_back({.long_name = "--quiet", .meaning = "say less"});
    CommandDescription hidden{.name = "secret", .meaning = "hidden", .group = ""};
    CommandDescription shells{.name = "completion", .meaning = "print", .group = "More"};
    shells.positionals.push_back({"shell", "the shell", {"bash", "zsh"}});
    return {.name = "tool", .commands = {read, hidden, shells}};
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a choice is a value name with bars") {
    CHECK(FlagDescription{.value_name = "a|bc|d"}.choices() == std::vector<std::string>{"a", "bc", "d"});
    CHECK(FlagDescription{.value_name = "FILE"}.choices().empty());
    CHECK(FlagDescription{}.choices().empty());
}

TEST_CASE("bash completes verbs, flags, choices, files and directories, and no hidden verbs") {
    const auto script = completion_script(small_program(), "bash");

    CHECK(has(script, "words='read cat completion'"));
    CHECK(has(script, "read|cat)"));
    CHECK(has(script, "flags='--live --file --data --quiet'"));
    CHECK(has(script, "--live) COMPREPLY=($(compgen -W 'sse long-poll' -- \"$word\"))"));
    CHECK(has(script, "--file|-f) COMPREPLY=($(compgen -f -- \"$word\"))"));
    CHECK(has(script, "--data) COMPREPLY=($(compgen -d -- \"$word\"))"));
    CHECK(has(script, "words='bash zsh'"));
    CHECK(has(script, "complete -F _tool tool"));
    CHECK_FALSE(has(script, "secret"));
}

TEST_CASE("zsh completes with descriptions, quoted") {
    const auto script = completion_script(small_program(), "zsh");

    CHECK(script.starts_with("#compdef tool\n"));
    CHECK(has(script, "'read:it'\\''s read'"));
    CHECK(has(script, "'--live[how \\[now\\]\\: soon]:value:(sse long-poll)'"));
    CHECK(has(script, "'--data[a directory]:DIR:_files -/'"));
    CHECK(has(script, "'--quiet[say less]'"));
    CHECK_FALSE(has(script, "secret"));
}

TEST_CASE("fish completes with descriptions, quoted") {
    const auto script = completion_script(small_program(), "fish");

    CHECK(has(script, "complete -c tool -n __fish_use_subcommand -a 'read cat' -d 'it'\\''s read'"));
    CHECK(has(script, "-l live -x -a 'sse long-poll'"));
    CHECK(has(script, "-l file -s f -r -F"));
    CHECK(has(script, "-a 'bash zsh'"));
    CHECK_FALSE(has(script, "secret"));
}

TEST_CASE("another shell is refused") {
    CHECK_THROWS_WITH_AS((void)completion_script(small_program(), "zhs"),
                         "there is no completion for \"zhs\". Did you mean \"zsh\"?", Failure);
}

TEST_CASE("the scripts of the real program know its verbs") {
    for (const auto* shell : {"bash", "zsh", "fish"}) {
        const auto script = completion_script(describe_program(), shell);
        CAPTURE(shell);
        CHECK(has(script, "append"));
        CHECK(has(script, "write"));
        CHECK(has(script, "until-end"));
        CHECK(has(script, "long-poll-timeout-ms"));
    }
}
