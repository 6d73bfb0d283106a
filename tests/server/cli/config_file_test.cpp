#include "cli/config_file.hpp"

#include <doctest/doctest.h>

#include "cli/failure.hpp"

using namespace foldback::cli;

namespace {

std::string refusal(std::string_view text) {
    try {
        (void)parse_config(text, "foldback.toml");
    } catch (const Failure& failure) {
        CHECK(failure.code() == ExitCode::usage);
        return failure.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a configuration file gives values as TOML writes them or as bare words") {
    const auto file = parse_config(
        "# comment\n\n[serve]\nlisten = \"127.0.0.1:4437\"  # where\nmax_body_bytes=8MiB\n"
        "max-connections = 10_000\nmemory = true\ncors-origin = ''\ndata = '/srv/a#b \\c'\nstream-prefix = "
        "\"/a\\\"b/\"",
        "f");

    REQUIRE(file.entries.size() == 7);
    CHECK(file.entries[0].key == "listen");
    CHECK(file.entries[0].value == "127.0.0.1:4437");
    CHECK(file.entries[0].line == 4);
    CHECK(file.entries[1].key == "max-body-bytes");
    CHECK(file.entries[1].value == "8MiB");
    CHECK(file.entries[2].value == "10000");
    CHECK(file.entries[3].value == "true");
    CHECK(file.entries[4].value.empty());
    CHECK(file.entries[5].value == "/srv/a#b \\c");
    CHECK(file.entries[6].value == "/a\"b/");
}

TEST_CASE("underscores of a path are kept") {
    CHECK(parse_config("data = my_data", "f").entries[0].value == "my_data");
}

TEST_CASE("a malformed configuration file is refused with its line") {
    CHECK(refusal("listen\n") == "foldback.toml:1: expected key = value");
    CHECK(refusal("\nlisten =\n") == "foldback.toml:2: expected a value after =");
    CHECK(refusal("listen = # nothing") == "foldback.toml:1: expected a value after =");
    CHECK(refusal(" = 1") == "foldback.toml:1: expected a key before =");
    CHECK(refusal("listen = \"127") == "foldback.toml:1: the closing quote is missing");
    CHECK(refusal("listen = \"a\" b") == "foldback.toml:1: unexpected text after the closing quote");
    CHECK(refusal("listen = \"\\n\"") == "foldback.toml:1: the only escapes are \\\" and \\\\");
    CHECK(refusal("listen = [1, 2]") == "foldback.toml:1: lists and tables are not values of any key");
    CHECK(refusal("[server]") == "foldback.toml:1: there is no section [server]; the only one is [serve]");
    CHECK(refusal("a = 1\na = 2") == "foldback.toml:2: a was set before, in line 1");
}

TEST_CASE("a configuration file that is not there is told by its name") {
    CHECK_THROWS_WITH_AS((void)read_config("/nowhere/foldback.toml"),
                         "cannot read the configuration file /nowhere/foldback.toml: No such file or directory",
                         Failure);
}

TEST_CASE("a file whose reading fails is not taken for an empty one") {
    // Its first page is mapped nowhere: reading it is EIO.
    CHECK_THROWS_WITH_AS((void)read_settings_text("/proc/self/mem"),
                         "cannot read the configuration file /proc/self/mem: Input/output error", Failure);
}
