#include "cli/command_line.hpp"

#include <doctest/doctest.h>

#include "cli/failure.hpp"

using namespace foldback::cli;

namespace {

CommandLine parse(const std::vector<std::string>& arguments) {
    auto parsed = parse_command_line(arguments);
    REQUIRE(std::holds_alternative<CommandLine>(parsed));
    return std::get<CommandLine>(std::move(parsed));
}

template <class Verb>
Verb verb_of(const std::vector<std::string>& arguments) {
    return std::get<Verb>(parse(arguments).command);
}

std::string refusal(const std::vector<std::string>& arguments) {
    try {
        (void)parse_command_line(arguments);
    } catch (const Failure& failure) {
        CHECK(failure.code() == ExitCode::usage);
        CHECK_FALSE(failure.remedy().empty());
        return failure.what();
    }
    return {};
}

}  // namespace

TEST_CASE("the verbs and flags of the protocol's reference command line mean the same") {
    const auto create = parse({"--url", "http://h:1", "create", "s", "--json"});
    CHECK(create.common.url == "http://h:1");
    CHECK(std::get<CreateCommand>(create.command).content_type.text == "application/json");

    const auto write = verb_of<AppendCommand>({"write", "s", "hello", "world", "--content-type", "text/plain"});
    CHECK(write.stream == "s");
    CHECK(write.words == std::vector<std::string>{"hello", "world"});
    CHECK(write.content_type.text == "text/plain");

    const auto batch = parse({"write", "s", "[1]", "--json", "--batch-json", "--auth=Bearer t"});
    CHECK(std::get<AppendCommand>(batch.command).batch_json);
    CHECK(batch.common.auth == "Bearer t");

    CHECK_FALSE(verb_of<ReadCommand>({"read", "s"}).until_end);
    CHECK(verb_of<DeleteCommand>({"delete", "[s,t]"}).stream == "[s,t]");
}

TEST_CASE("a position is meant in tens, also with zeros before it as the feed has them") {
    const auto position_of = [](const std::string& text) {
        return verb_of<RestoreCommand>({"restore", "repository", "--data", "d", "--position", text}).position;
    };
    CHECK(position_of("00000000000000000017") == 17);
    CHECK(position_of("00000000000000000815") == 815);
    for (const auto* text : {"-1", "0x1", "99999999999999999999", " 1", "1.5"}) {
        CAPTURE(text);
        CHECK_FALSE(refusal({"restore", "repository", "--data", "d", std::string("--position=") + text}).empty());
    }
}

TEST_CASE("a flag with nothing behind its = has no value, not the next word") {
    const auto serve = verb_of<ServeCommand>({"serve", "--admin-listen=", "--memory"});
    CHECK(serve.flags.at("admin-listen").empty());
    CHECK(serve.flags.contains("memory"));
    CHECK_FALSE(refusal({"restore", "repository", "--data", "d", "--position=", "7"}).empty());
    CHECK(verb_of<AppendCommand>({"append", "s", "--", "--a=", "b"}).words == std::vector<std::string>{"--a=", "b"});
}

TEST_CASE("content is taken as it is, whatever it looks like") {
    CHECK(verb_of<AppendCommand>({"append", "s", "[1,2]", "[a]"}).words == std::vector<std::string>{"[1,2]", "[a]"});
    CHECK(verb_of<AppendCommand>({"append", "s", "-5", "--json"}).words == std::vector<std::string>{"-5"});
    CHECK(verb_of<AppendCommand>({"append", "s", "a", "--", "--json", "-x"}).words ==
          std::vector<std::string>{"a", "--json", "-x"});
    CHECK(verb_of<AppendCommand>({"append", "s", "read", "create"}).words ==
          std::vector<std::string>{"read", "create"});
}

TEST_CASE("offsets may begin with a dash") {
    CHECK(verb_of<ReadCommand>({"read", "s", "--offset", "-1"}).offset == "-1");
    CHECK(verb_of<ReadCommand>({"read", "s", "--offset=now", "--limit", "3"}).limit == 3);
}

TEST_CASE("flags of serve are kept as text, with or without a value; of two the last counts") {
    CHECK(verb_of<ServeCommand>({"serve", "--listen", "a", "--listen", "b"}).flags.at("listen") == "b");
    const auto serve = verb_of<ServeCommand>(
        {"serve", "--memory", "--listen", "127.0.0.1:0", "--limit-loopback=false", "--config", "f"});
    CHECK(serve.flags.at("memory") == "true");
    CHECK(serve.flags.at("listen") == "127.0.0.1:0");
    CHECK(serve.flags.at("limit-loopback") == "false");
    CHECK(serve.flags.size() == 3);
    CHECK(serve.config == "f");
}

TEST_CASE("a mistyped verb, flag or word is answered with the one that was meant") {
    CHECK(refusal({"raed", "s"}) == "there is no command \"raed\". Did you mean \"read\"?");
    CHECK(refusal({"serve", "--lisen", "x"}) == "there is no flag --lisen. Did you mean \"--listen\"?");
    CHECK(refusal({"read", "s", "--until-ned"}) == "there is no flag --until-ned. Did you mean \"--until-end\"?");
    CHECK(refusal({"config", "show", "--lisen=x"}) == "there is no flag --lisen. Did you mean \"--listen\"?");
    CHECK(refusal({"read", "s", "--live", "ssee"}).find("Did you mean \"sse\"?") != std::string::npos);
    CHECK(refusal({"append", "s", "a", "--jsno"}) == "there is no flag --jsno. Did you mean \"--json\"?");
    CHECK(refusal({"append", "s", "--jsno", "--", "--jsno"}) == "there is no flag --jsno. Did you mean \"--json\"?");
    CHECK(refusal({"read", "s", "t"}) == "unexpected argument \"t\"");
    CHECK(refusal({"xylophone"}) == "there is no command \"xylophone\".");
}

TEST_CASE("what is missing or contradicts itself is wrong usage") {
    CHECK_FALSE(refusal({"read"}).empty());
    CHECK_FALSE(refusal({"verify"}).empty());
    CHECK_FALSE(refusal({"read", "s", "--limit", "x"}).empty());
    CHECK_FALSE(refusal({"append", "s", "--ndjson", "--batch-json"}).empty());
    CHECK_FALSE(refusal({"append", "s", "--batch-messages", "0"}).empty());
    CHECK_FALSE(refusal({"create", "s", "--json", "--content-type", "text/plain"}).empty());
    CHECK_FALSE(refusal({"config"}).empty());
}

TEST_CASE("help is printed when it is asked for, and when nothing is") {
    const auto asked = std::get<HelpText>(parse_command_line({"--help"}));
    CHECK(asked.code == ExitCode::ok);
    CHECK(asked.text.find("serve") != std::string::npos);
    CHECK(std::get<HelpText>(parse_command_line({})).code == ExitCode::usage);
    CHECK(std::get<HelpText>(parse_command_line({"help"})).text == asked.text);
    CHECK(std::get<HelpText>(parse_command_line({"help", "read"})).text.find("--until-end") != std::string::npos);
    CHECK(std::get<HelpText>(parse_command_line({"read", "--help"})).text.find("--until-end") != std::string::npos);
    CHECK(std::get<HelpText>(parse_command_line({"--version"})).text.starts_with("foldback "));
}

TEST_CASE("every verb but the server's own prints JSON on request") {
    const auto program = describe_program();
    for (const auto& verb : program.commands) {
        if (verb.group.empty() || verb.name == "serve" || verb.name == "config" || verb.name == "completion") continue;
        CAPTURE(verb.name);
        bool found = false;
        for (const auto& flag : verb.flags) found = found || flag.long_name == "--json";
        CHECK(found);
    }
}

TEST_CASE("every flag says what it means") {
    const auto program = describe_program();
    CHECK(program.commands.size() > 15);
    for (const auto& verb : program.commands) {
        for (const auto& flag : verb.flags) {
            CAPTURE(verb.name);
            CAPTURE(flag.long_name);
            CHECK_FALSE(flag.meaning.empty());
        }
    }
}

TEST_CASE("the debugger's verbs take moments, also before the end, and edits with commas and brackets") {
    const auto show = verb_of<DebugCommand>({"show", "orders/42", "--at", "-3"});
    const auto diff = verb_of<DebugCommand>({"diff", "orders/42", "-3", "17"});
    const auto what_if = verb_of<DebugCommand>(
        {"whatif", "orders/42", "--skip", "4", "--replace", R"(5={"a":[1,2]})", "--save-as", "debug/x"});
    const auto find = verb_of<DebugCommand>({"find", "--first", "/total < 0"});

    CHECK(show.verb == DebugCommand::Verb::show);
    CHECK(show.at == "-3");
    CHECK(diff.from == "-3");
    CHECK(diff.to == "17");
    CHECK(what_if.skip == std::vector<std::uint64_t>{4});
    CHECK(what_if.replace == std::vector<std::string>{R"(5={"a":[1,2]})"});
    CHECK(what_if.save_as == "debug/x");
    CHECK(find.stream.empty());
    CHECK(refusal({"find", "orders/42"}).find("--first") != std::string::npos);
}

TEST_CASE("the verbs that judge, trace and compare take what they need") {
    const auto trace = verb_of<TraceCommand>({"trace", "7f3c", "--dot"});
    const auto at_event = verb_of<TraceCommand>({"trace", "orders/42", "--event", "3"});
    const auto bisect = verb_of<BisectCommand>({"bisect", "orders/42", "--run", "exit 1", "--bad", "-2"});
    const auto compare = verb_of<CompareCommand>({"compare", "orders/*", "--old", "a", "--new", "b c"});
    const auto shrink = verb_of<DebugCommand>({"shrink", "orders/42", "--keep", "not sound"});
    const auto shrunk = verb_of<DebugCommand>({"export", "-", "--as", "doctest"});

    CHECK(trace.id == "7f3c");
    CHECK(trace.dot);
    CHECK(at_event.event == 3);
    CHECK(bisect.run == "exit 1");
    CHECK(bisect.bad == "-2");
    CHECK(compare.streams == "orders/*");
    CHECK(compare.old_build == "a");
    CHECK(compare.new_build == "b c");
    CHECK(shrink.keep == "not sound");
    CHECK(shrunk.stream == "-");
    CHECK(refusal({"bisect", "orders/42"}).find("--run") != std::string::npos);
    CHECK(refusal({"compare", "--old", "a"}).find("--new") != std::string::npos);
    CHECK(refusal({"shrink", "orders/42"}).find("--keep") != std::string::npos);
    CHECK(refusal({"export", "orders/42", "--at", "3", "--events", "1"}).find("--events") != std::string::npos);
}
