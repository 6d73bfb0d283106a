#include "cli/answers.hpp"

#include <doctest/doctest.h>

using namespace foldback::cli;

namespace {

HttpResponse answer(unsigned status, std::string body = {},
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
    return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

HttpResponse problem(unsigned status, const std::string& code, const std::string& detail) {
    return answer(status, R"({"type":"about:blank","title":"T","detail":")" + detail + R"(","code":")" + code + "\"}",
                  {{"content-type", "application/problem+json"}});
}

}  // namespace

TEST_CASE("every error status has its exit code") {
    const std::vector<std::pair<unsigned, ExitCode>> expected{
        {400, ExitCode::usage},     {401, ExitCode::not_allowed}, {403, ExitCode::not_allowed},
        {404, ExitCode::not_found}, {405, ExitCode::usage},       {408, ExitCode::timed_out},
        {409, ExitCode::conflict},  {410, ExitCode::not_found},   {412, ExitCode::conflict},
        {413, ExitCode::usage},     {415, ExitCode::usage},       {429, ExitCode::no},
        {431, ExitCode::usage},     {500, ExitCode::no},          {503, ExitCode::no},
        {504, ExitCode::timed_out}, {507, ExitCode::no}};
    for (const auto& [status, code] : expected) {
        const auto& tried = status;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        CHECK(failure_of(answer(status), "s").code() == code);
    }
}

TEST_CASE("a closed stream is told with its final offset and how to read it") {
    const auto failure = failure_of(answer(409, "", {{"stream-closed", "true"}, {"stream-next-offset", "0_7"}}), "a b");

    CHECK(std::string(failure.what()) == "a b is closed (final offset 0_7)");
    CHECK(failure.remedy() == "Read it with: foldback read 'a b' --until-end");
}

TEST_CASE("an epoch that was taken over is a conflict") {
    CHECK(failure_of(answer(403, "", {{"producer-epoch", "3"}}), "s").code() == ExitCode::conflict);
}

TEST_CASE("the server's own words are told, without control characters") {
    CHECK(std::string(failure_of(problem(400, "x", "bad \\u001b[31moffset"), "s").what()) == "s: bad ?[31moffset");
    CHECK(std::string(failure_of(answer(500, "first\nsecond"), "s").what()) == "s: first (status 500)");
    CHECK(std::string(failure_of(answer(500), "s").what()) == "s: the server answered with status 500 (status 500)");
    CHECK(failure_of(answer(500, "{broken", {{"content-type", "application/problem+json"}}), "s").code() ==
          ExitCode::no);
}

TEST_CASE("a redirect is no success") {
    CHECK_THROWS_AS(require_success(answer(302), "s"), Failure);
    CHECK_NOTHROW(require_success(answer(204), "s"));
}

TEST_CASE("names that no stream can have are refused before the server is asked") {
    CHECK_NOTHROW(require_stream_name("orders/42"));
    for (const auto* bad : {"", "/a", "a//b", "a/../b", "a\nb", "a\\b"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS(require_stream_name(bad), Failure);
    }
}

TEST_CASE("words are quoted for the shell when they must be") {
    CHECK(shell_word("orders/42") == "orders/42");
    CHECK(shell_word("") == "''");
    CHECK(shell_word("a b") == "'a b'");
    CHECK(shell_word("it's") == "'it'\\''s'");
}
