#include "cli/settings.hpp"

#include <map>

#include <doctest/doctest.h>

#include "cli/failure.hpp"

using namespace foldback::cli;

namespace {

struct Values {
    std::string listen = "127.0.0.1:4437";
    bool memory = false;
    std::size_t connections = 10;
    std::size_t body_bytes = 8 << 20;
    std::chrono::milliseconds timeout{100};
    double fraction = 0.5;
    std::string level = "info";
};

Settings settings_of(Values& values) {
    Settings settings;
    settings.start_group("Group");
    settings.add_text("listen", values.listen, "HOST:PORT", "where");
    settings.add_switch("memory", values.memory, "in memory");
    settings.add_count("max-connections", values.connections, {1, 1000}, "connections");
    settings.add_bytes("max-body-bytes", values.body_bytes, {1, 64 << 20}, "body");
    settings.add_milliseconds("timeout-ms", values.timeout, {0, 5000}, "time");
    settings.add_fraction("fraction", values.fraction, "part");
    settings.add_choice("log-level", values.level, {"debug", "info"}, "level");
    return settings;
}

Environment environment_of(std::map<std::string, std::string> variables) {
    return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
    };
}

std::string refusal(std::string_view flag, std::string_view value) {
    Values values;
    auto settings = settings_of(values);
    try {
        settings.apply_flag(flag, value);
    } catch (const Failure& failure) {
        CHECK(failure.code() == ExitCode::usage);
        return failure.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a flag beats the environment, that beats the file, that beats the default") {
    Values values;
    auto settings = settings_of(values);

    settings.apply(parse_config("listen = file\nmax-connections = 20\ntimeout_ms = 300", "f.toml"));
    settings.apply(environment_of({{"FOLDBACK_LISTEN", "environment"}, {"FOLDBACK_MAX_CONNECTIONS", "30"}}));
    settings.apply_flag("listen", "flag");

    CHECK(values.listen == "flag");
    CHECK(values.connections == 30);
    CHECK(values.timeout.count() == 300);
    CHECK(values.body_bytes == 8 << 20);
    CHECK(settings.find("listen")->source_name == "--listen");
    CHECK(settings.find("max-connections")->source_name == "FOLDBACK_MAX_CONNECTIONS");
    CHECK(settings.find("timeout-ms")->source_name == "f.toml:3");
    CHECK(settings.find("max-body-bytes")->source == Source::standard);
}

TEST_CASE("the default of a setting is the value its variable had") {
    Values values;
    const auto settings = settings_of(values);

    CHECK(settings.find("listen")->standard == "127.0.0.1:4437");
    CHECK(settings.find("max-body-bytes")->standard == "8MiB");
    CHECK(settings.find("memory")->standard == "false");
    CHECK(settings.find("fraction")->standard == "0.5");
    CHECK(settings.find("listen")->variable == "FOLDBACK_LISTEN");
    CHECK(settings.find("max-body-bytes")->variable == "FOLDBACK_MAX_BODY_BYTES");
}

TEST_CASE("values outside the bounds are refused with what is allowed, and change nothing") {
    CHECK(refusal("max-connections", "0") ==
          "--max-connections: \"0\" is not a value of max-connections: it must be a whole number, from 1 to 1000");
    CHECK_FALSE(refusal("max-connections", "1001").empty());
    CHECK_FALSE(refusal("max-connections", "-1").empty());
    CHECK_FALSE(refusal("max-connections", "1.5").empty());
    CHECK_FALSE(refusal("max-connections", "").empty());
    CHECK_FALSE(refusal("max-body-bytes", "65MiB").empty());
    CHECK_FALSE(refusal("max-body-bytes", "MiB").empty());
    CHECK_FALSE(refusal("timeout-ms", "5001").empty());
    CHECK_FALSE(refusal("timeout-ms", "99999999999999999999").empty());
    CHECK_FALSE(refusal("memory", "maybe").empty());
    CHECK_FALSE(refusal("fraction", "0").empty());
    CHECK_FALSE(refusal("fraction", "1.01").empty());
    CHECK_FALSE(refusal("fraction", "nan").empty());
    CHECK(refusal("log-level", "debgu") ==
          "--log-level: \"debgu\" is not a value of log-level: it must be one of debug, info. Did you mean \"debug\"?");
    CHECK(refusal("max-connections", "1000").empty());
    CHECK(refusal("max-body-bytes", "64MiB").empty());
    CHECK(refusal("memory", "on").empty());
}

TEST_CASE("an unknown key of the file is refused with its line and a suggestion") {
    Values values;
    auto settings = settings_of(values);

    CHECK_THROWS_WITH_AS(settings.apply(parse_config("\nlistn = 1", "f.toml")),
                         "f.toml:2: there is no setting \"listn\". Did you mean \"listen\"?", Failure);
}

TEST_CASE("a bad value names the line or the variable it stands in") {
    Values values;
    auto settings = settings_of(values);

    CHECK_THROWS_WITH_AS(settings.apply(parse_config("memory = maybe", "f.toml")),
                         "f.toml:1: \"maybe\" is not a value of memory: it must be true or false", Failure);
    CHECK_THROWS_WITH_AS(settings.apply(environment_of({{"FOLDBACK_MEMORY", "maybe"}})),
                         "FOLDBACK_MEMORY: \"maybe\" is not a value of memory: it must be true or false", Failure);
}

TEST_CASE("variables that were probably meant for a setting are told with a suggestion") {
    Values values;
    const auto settings = settings_of(values);
    const char* const environment[] = {"PATH=/bin", "FOLDBACK_LISTEN=a", "FOLDBACK_CONFIG=b", "FOLDBACK_LISTN=c",
                                       nullptr};

    const auto sentences = unknown_variables(settings, environment);

    REQUIRE(sentences.size() == 1);
    CHECK(sentences[0] == "FOLDBACK_LISTN is set but means nothing. Did you mean \"FOLDBACK_LISTEN\"?");
}
