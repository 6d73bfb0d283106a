#include "client/retry.hpp"

#include <doctest/doctest.h>

using namespace foldback::client;
using namespace std::chrono_literals;
using detail::backoff;
using detail::parse_retry_after;

TEST_CASE("waits grow by the multiplier up to the longest, and chance takes a part of them") {
    const RetryOptions options{.initial_delay = 100ms, .max_delay = 1000ms, .multiplier = 2.0};

    CHECK(backoff(options, 0, 0.5) == 50ms);
    CHECK(backoff(options, 2, 0.5) == 200ms);
    CHECK(backoff(options, 30, 0.5) == 500ms);
    CHECK(backoff(options, 100'000, 0.999) <= 1000ms);
}

TEST_CASE("retry options that make no sense say why") {
    CHECK(RetryOptions{}.problem().empty());
    CHECK(RetryOptions{.max_retries = -1}.problem().find("max_retries") == 0);
    CHECK(RetryOptions{.initial_delay = 0ms}.problem().find("initial_delay") == 0);
    CHECK(RetryOptions{.initial_delay = 2ms, .max_delay = 1ms}.problem().find("max_delay") == 0);
    CHECK(RetryOptions{.multiplier = 0.5}.problem().find("multiplier") == 0);
}

TEST_CASE("Retry-After is understood as seconds and as a date") {
    const auto now = std::chrono::system_clock::from_time_t(784'111'777);  // Sun, 06 Nov 1994 08:49:37 GMT

    CHECK(parse_retry_after("3", now) == 3000ms);
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now) == 10'000ms);
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:47 GMT", now + 1us) == 10'000ms);  // not a moment too early
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:27 GMT", now) == 0ms);
    CHECK(parse_retry_after("999999", now) == 24h);
    CHECK_FALSE(parse_retry_after("soon", now));
    CHECK_FALSE(parse_retry_after("", now));
    CHECK_FALSE(parse_retry_after("-1", now));
}
