#include "subscriptions/token.hpp"

#include <doctest/doctest.h>

using namespace foldback;
using namespace foldback::server::subscriptions;

namespace {

constexpr Timestamp now{std::chrono::milliseconds{1'700'000'000'000}};

Claims claims() {
    return {.subscription = "s", .generation = 7, .wake_id = "w_1", .expires_at = now + std::chrono::hours(1)};
}

std::string problem(const Checked<Claims>& checked) { return checked ? "" : checked.error().code; }

}  // namespace

TEST_SUITE("token") {
    TEST_CASE("a token says what it was issued for") {
        const auto key = random_secret();

        const auto checked = check_token(key, issue_token(key, claims()), "s", now);

        REQUIRE(checked.has_value());
        CHECK(checked->generation == 7);
        CHECK(checked->wake_id == "w_1");
        CHECK(checked->expires_at == claims().expires_at);
    }

    TEST_CASE("a token of another subscription, another server or another time is refused") {
        const auto key = random_secret();
        const auto token = issue_token(key, claims());

        CHECK(problem(check_token(key, token, "t", now)) == "TOKEN_INVALID");
        CHECK(problem(check_token(random_secret(), token, "s", now)) == "TOKEN_INVALID");
        CHECK(problem(check_token(key, token, "s", now + std::chrono::hours(1))) == "TOKEN_EXPIRED");
    }

    TEST_CASE("a token in which any byte is changed, missing or added is refused") {
        const auto key = random_secret();
        const auto token = issue_token(key, claims());
        for (std::size_t at = 0; at < token.size(); ++at) {
            CAPTURE(at);
            auto changed = token;
            changed[at] = changed[at] == '1' ? '2' : '1';
            CHECK(problem(check_token(key, changed, "s", now)) == "TOKEN_INVALID");
            CHECK(problem(check_token(key, token.substr(0, at), "s", now)) == "TOKEN_INVALID");
        }
        CHECK(problem(check_token(key, token + "x", "s", now)) == "TOKEN_INVALID");
        CHECK(problem(check_token(key, std::string(10'000, '.'), "s", now)) == "TOKEN_INVALID");
    }
}
