// A server that says when to come back. It refuses a stream's first request in the way that the stream's name says:
// /<status>/<Retry-After>/<how many requests are refused>/<name>; X-Requests tells how many it has had.

#include <doctest/doctest.h>

#include <chrono>

#include "e2e_client/streams.hpp"

using namespace foldback::client;
using namespace std::chrono_literals;
using e2e::setting;

namespace {

Client impatient(int max_retries = 10) {
    return Client({.retry = {.max_retries = max_retries, .initial_delay = 1ms, .max_delay = 2ms}});
}

/// A stream whose first requests are refused.
DurableStream refusing(const Client& client, const std::string& how) {
    return client.stream(e2e::new_url(setting("CLIENT_TEST_REFUSING_URL") + "/" + how), {.content_type = "text/plain"});
}

template <class Action>
std::chrono::milliseconds time_of(Action action) {
    const auto begun = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
}

}  // namespace

TEST_CASE("a server that says Retry-After is asked again, and no sooner than it says") {
    const auto client = impatient();
    for (const char* status : {"429", "503"}) {
        CAPTURE(status);
        const auto stream = refusing(client, std::string(status) + "/1/1");

        const auto took = time_of([&] { REQUIRE(stream.append("x")); });

        CHECK(took >= 1000ms);
        CHECK(stream.head().value().tail == Offset("2"));  // requests that were answered: the refused one, the append
    }
}

TEST_CASE("Retry-After may be a date") {
    const auto client = impatient();
    const auto stream = refusing(client, "503/date/1");

    CHECK(time_of([&] { REQUIRE(stream.head()); }) >= 1000ms);
}

TEST_CASE("a Retry-After that means nothing, and one of 0, leave the waits as they are") {
    const auto client = impatient();
    for (const char* how : {"503/soon/9", "503/0/9", "503/-1/9"}) {
        CAPTURE(how);

        CHECK(time_of([&] { REQUIRE(refusing(client, how).append("x")); }) < 2700ms);  // for nine waits
    }
}

TEST_CASE("who gave up tells how long the server wanted to be left alone") {
    const auto client = impatient(0);

    const auto limited = refusing(client, "429/7/9").append("x");
    const auto down = refusing(client, "503/7/9").append("x");

    REQUIRE_FALSE(limited);
    CHECK(limited.error().code == ErrorCode::rate_limited);
    CHECK(limited.error().retry_after == 7s);
    CHECK(limited.error().is_retryable);
    REQUIRE_FALSE(down);
    CHECK(down.error().code == ErrorCode::server_error);
    CHECK(down.error().retry_after == 7s);
}

TEST_CASE("a deadline is not waited past, however long the server wants to be left alone") {
    const auto client = impatient();
    const auto stream = refusing(client, "503/3600/9");

    const auto took = time_of([&] {
        const auto appended = stream.append("x", {.call = {.deadline = within(200ms)}});
        REQUIRE_FALSE(appended);
        CHECK(appended.error().code == ErrorCode::timed_out);
    });
    CHECK(took < 5s);
}
