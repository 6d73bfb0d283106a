#include "cli/retention_file.hpp"

#include <string>

#include <doctest/doctest.h>

#include "cli/failure.hpp"

using namespace foldback::cli;
using namespace std::chrono_literals;

namespace {

std::string problem_with(std::string_view text) {
    try {
        (void)parse_retention(text, "r");
    } catch (const Failure& failure) {
        CHECK(failure.code() == ExitCode::usage);
        return failure.what();
    }
    return {};
}

}  // namespace

TEST_SUITE("retention file") {
    TEST_CASE("a line is a pattern and what is kept, or a hold") {
        const auto rules = parse_retention(
            "# comment\n\nlegal/**  hold\nlogs/**\tmax-age=7d max-bytes=1GiB # why\r\norders/*  max-messages=10", "r");

        REQUIRE(rules.rules.size() == 2);
        REQUIRE(rules.holds.size() == 1);
        CHECK(rules.is_held("legal/a/b"));
        const auto* logs = rules.rule_for("logs/web");
        REQUIRE(logs != nullptr);
        CHECK(logs->max_age == 7 * 24h);
        CHECK(logs->max_bytes == 1ULL << 30);
        CHECK_FALSE(logs->max_messages);
        CHECK(rules.rule_for("orders/1")->max_messages == 10);
        CHECK(rules.rule_for("orders/1")->wait_for_subscriptions == 7 * 24h);
        const auto others =
            parse_retention("a max-age=7d wait-for-subscriptions=12h\nb max-age=1d wait-for-subscriptions=0s", "r");
        CHECK(others.rule_for("a")->wait_for_subscriptions == 12h);
        CHECK(others.rule_for("b")->wait_for_subscriptions == 0h);
        CHECK(rules.rule_for("other") == nullptr);
        CHECK(rules.rule_for("legal/a") == nullptr);
    }

    TEST_CASE("without a file there are no rules") { CHECK(read_retention_file("").rules.empty()); }

    TEST_CASE("what cannot be meant is refused with its line") {
        CHECK(problem_with("a hold\nlogs/**") == "r:2: what is kept is missing: max-age=30d, or hold");
        CHECK(problem_with("a max-agee=1d").find("Did you mean \"max-age\"?") != std::string::npos);
        CHECK_FALSE(problem_with("a max-age=7").empty());
        CHECK_FALSE(problem_with("a max-age=0d").empty());
        CHECK_FALSE(problem_with("a max-age=9999999999999d").empty());
        CHECK_FALSE(problem_with("a max-bytes=-1").empty());
        CHECK_FALSE(problem_with("a max-messages=1 max-messages=2").empty());
        CHECK_FALSE(problem_with("a hold max-age=1d").empty());
        CHECK_FALSE(problem_with("/a hold").empty());
        CHECK_FALSE(problem_with("a//b hold").empty());
        CHECK_FALSE(problem_with("a max-messages").empty());
        CHECK_FALSE(problem_with("a compact-from=1MiB max-age=1d").empty());
        CHECK_FALSE(problem_with("a keep-offsets=1h").empty());
        CHECK_FALSE(problem_with("a wait-for-subscriptions=1h").empty());
        CHECK_FALSE(problem_with("a max-age=1d wait-for-subscriptions=1").empty());
    }
}
