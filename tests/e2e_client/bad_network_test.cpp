// A network that cuts, delays, duplicates and reorders connections at random.

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include "e2e_client/streams.hpp"
#include "foldback/client/idempotent_producer.hpp"

using namespace foldback::client;
using namespace std::chrono_literals;
using e2e::setting;

namespace {

constexpr int event_count = 100'000;

/// Reads to the end of the stream; the number of the first message that is not its number, or how many there were.
int count_in_order(const DurableStream& stream, Live live) {
    int expected = 0;
    for (const auto& batch : stream.read({.live = live, .call = {.deadline = within(100s)}})) {
        for (const auto item : batch.items()) {
            if (item != std::to_string(expected)) return expected;
            ++expected;
        }
    }
    return expected;
}

}  // namespace

TEST_CASE("100,000 events arrive exactly once, and whoever follows sees each once and in order") {
    const auto path = e2e::new_url("");
    const auto direct = e2e::client().stream(setting("CLIENT_TEST_URL") + path);
    REQUIRE(direct.create({.content_type = "application/json"}));
    const Client client({.retry = {.max_retries = 1000, .initial_delay = 5ms, .max_delay = 50ms}});
    const auto through_cuts =
        client.stream(setting("CLIENT_TEST_HOSTILE_URL") + path, {.content_type = "application/json"});
    auto by_events = std::async(std::launch::async, [&] { return count_in_order(through_cuts, Live::sse); });
    auto by_long_poll = std::async(std::launch::async, [&] { return count_in_order(through_cuts, Live::long_poll); });

    std::atomic<int> failed{0};
    std::atomic<int> acknowledged{0};
    IdempotentProducer producer(
        through_cuts, "producer",
        {.max_batch_items = 100, .linger = 1ms, .max_in_flight = 5, .on_error = [&](const Undelivered& undelivered) {
             MESSAGE(undelivered.error.message);
             ++failed;
         }});
    for (int number = 0; number < event_count; ++number) {
        REQUIRE(producer.append(std::to_string(number),
                                [&](const Result<Appended>& outcome) { acknowledged += outcome ? 1 : 0; }));
    }
    REQUIRE(producer.close_stream({.deadline = within(100s)}));

    CHECK(failed == 0);
    CHECK(acknowledged == event_count);
    CHECK(count_in_order(direct, Live::off) == event_count);
    CHECK(by_events.get() == event_count);
    CHECK(by_long_poll.get() == event_count);
}

// Through cuts and delays only: against a network that sends a request twice nothing protects a plain append.
TEST_CASE("a plain append is there once, or not at all, or its outcome is unknown: never twice") {
    const auto path = e2e::new_url("");
    const auto direct = e2e::client().stream(setting("CLIENT_TEST_URL") + path);
    REQUIRE(direct.create({.content_type = "application/json"}));
    const Client client({.retry = {.max_retries = 1000, .initial_delay = 1ms, .max_delay = 10ms}});
    const auto through_cuts =
        client.stream(setting("CLIENT_TEST_CUTTING_URL") + path, {.content_type = "application/json"});
    std::vector<int> known;
    std::size_t unknown = 0;
    const std::string padding(400, 'x');
    for (int number = 0; number < 2000; ++number) {
        const auto appended = through_cuts.append("[" + std::to_string(number) + ",\"" + padding + "\"]");
        if (appended) {
            known.push_back(number);
        } else {
            REQUIRE(appended.error().code == ErrorCode::outcome_unknown);
            ++unknown;
        }
    }

    std::vector<int> found;
    for (const auto& batch : direct.read()) {
        for (const auto item : batch.items()) found.push_back(std::stoi(std::string(item.substr(1))));
    }
    CHECK(unknown > 0);
    CHECK(std::ranges::adjacent_find(found, std::greater_equal<>{}) == found.end());
    CHECK(std::ranges::includes(found, known));
    CHECK(found.size() <= known.size() + unknown);
}
