#include "subscriptions/decisions.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "foldback/core/envelope.hpp"
#include "protocol/offset_token.hpp"

using namespace foldback;
using namespace foldback::server::subscriptions;
using namespace std::chrono_literals;

namespace {

constexpr Timestamp now{1'000'000ms};

struct Subject {
    explicit Subject(Delivery type = Delivery::webhook) {
        state.apply(SubscriptionCreated{.configuration = {.type = type, .pattern = "e/*", .lease_ttl_ms = 10'000},
                                        .configuration_hash = "h"});
    }

    Subject& link(const std::string& stream, std::uint64_t acked, std::uint64_t tail) {
        const auto point = [](std::uint64_t offset) { return StreamPoint{Incarnation{7}, Offset{offset}}; };
        state.apply(StreamsLinked{{{.stream = stream,
                                    .incarnation = 7,
                                    .acked = server::protocol::offset_token(point(acked)),
                                    .by_pattern = true}}});
        state.saw(stream, Incarnation{7}, point(tail));
        return *this;
    }

    /// Records what was decided; the names of the events.
    std::string apply(const Decided& decided) {
        if (decided.is_rejected()) return decided.rejection().code;
        std::string names;
        for (const auto& event : decided.events()) {
            names.append(names.empty() ? "" : " ").append(event.name());
            std::visit([this](const auto& one) { state.apply(one); }, event.variant());
        }
        return names;
    }

    [[nodiscard]] Claims claims() const {
        return {.generation = state.generation(), .wake_id = state.wake() ? state.wake()->id : "none"};
    }
    [[nodiscard]] Progress progress(bool done) const {
        return {.wake = {.wake_id = claims().wake_id, .generation = claims().generation}, .done = done};
    }

    State state;
};

}  // namespace

TEST_SUITE("subscription decisions") {
    TEST_CASE("a wake begins when there is work, and not before the one before has ended") {
        Subject subject;
        subject.link("e/a", 3, 3);
        CHECK(subject.apply(decide_wake(subject.state, now, "w1")) == "");
        subject.link("e/b", 0, 1);
        CHECK(subject.apply(decide_wake(subject.state, now, "w1")) == "WakeIssued");
        CHECK(subject.state.wake()->tails.size() == 1);
        CHECK(subject.state.wake()->lease_until == now + 10s);
        CHECK(subject.apply(decide_wake(subject.state, now, "w2")) == "");
    }

    TEST_CASE("generations count the wakes") {
        Subject subject;
        subject.link("e/a", 0, 1);
        for (std::uint64_t generation = 1; generation < 5; ++generation) {
            subject.apply(decide_wake(subject.state, now, "w" + std::to_string(generation)));
            CHECK(subject.state.generation() == generation);
            subject.apply(decide_expiry(subject.state, now + 10s, false, 0.5));
        }
    }

    TEST_CASE("an outcome of another wake decides nothing, and after the lease only a failure counts") {
        Subject subject;
        subject.link("e/a", 0, 1);
        subject.apply(decide_wake(subject.state, now, "w1"));
        CHECK(subject.apply(decide_outcome(subject.state, now, "w0", {.kind = Outcome::Kind::done}, 0.5)) == "");
        CHECK(subject.apply(decide_outcome(subject.state, now + 10s, "w1", {.kind = Outcome::Kind::done}, 0.5)) == "");
        CHECK(subject.apply(decide_outcome(subject.state, now + 10s, "w1", {}, 0.5)) == "DeliveryFailed");
        CHECK(subject.apply(decide_outcome(subject.state, now, "w1", {.kind = Outcome::Kind::done}, 0.5)) ==
              "DeliverySucceeded OffsetsAcked WakeEnded");
        CHECK(subject.state.pending().empty());
    }

    TEST_CASE("the first callback after failures says that the receiver can be reached") {
        Subject subject;
        subject.link("e/a", 0, 1);
        subject.apply(decide_wake(subject.state, now, "w1"));
        CHECK(subject.apply(decide_outcome(subject.state, now, "w1", {}, 0.5)) == "DeliveryFailed");
        CHECK(subject.apply(decide_progress(subject.state, now, subject.claims(), subject.progress(false))) ==
              "DeliverySucceeded LeaseExtended");
        CHECK(subject.state.failures() == 0);
    }

    TEST_CASE("a claim of a held wake is refused until its lease ends") {
        Subject subject(Delivery::pull_wake);
        subject.link("e/a", 0, 1);
        CHECK(subject.apply(decide_claim(subject.state, now, "one", "w1")) == "WakeIssued WakeClaimed");
        CHECK(subject.apply(decide_claim(subject.state, now + 9'999ms, "two", "w2")) == "ALREADY_CLAIMED");
        CHECK(subject.apply(decide_claim(subject.state, now + 10s, "two", "w2")) == "WakeEnded WakeIssued WakeClaimed");
        CHECK(subject.state.generation() == 2);
    }

    TEST_CASE("retries wait from one second, doubled, to one minute, a fifth more or less") {
        CHECK(retry_delay(1, 0.5) == 1s);
        CHECK(retry_delay(2, 0.5) == 2s);
        CHECK(retry_delay(6, 0.5) == 32s);
        CHECK(retry_delay(7, 0.5) == 60s);
        CHECK(retry_delay(1'000'000, 0.5) == 60s);
        CHECK(retry_delay(1, 0.0) == 800ms);
        CHECK(retry_delay(1, 1.0) == 1200ms);
    }

    TEST_CASE("a state and its restatement are the same") {
        Subject subject(Delivery::pull_wake);
        for (int i = 0; i < 2'500; ++i) subject.link("e/" + std::to_string(i), 1, 2);
        subject.apply(decide_unwritten_wake(subject.state, now, "x", 0.5));
        subject.apply(decide_claim(subject.state, now, "one", "w1"));

        State again;
        for (const auto& event : restate(subject.state)) {
            std::visit([&again](const auto& one) { again.apply(one); }, event.variant());
        }

        const auto text = [](const State& state) {
            std::string all;
            for (const auto& event : restate(state)) all += to_envelope(event);
            return all;
        };
        CHECK(text(again) == text(subject.state));
        CHECK(again.links().size() == 2'500);
        CHECK(again.wake()->holder == "one");
        CHECK(again.generation() == 1);
    }

    TEST_CASE("after the clock was set no lease and no wait is longer than it can be") {
        Subject subject;
        subject.link("e/a", 0, 1);
        subject.apply(decide_wake(subject.state, now, "w1"));
        subject.apply(decide_outcome(subject.state, now, "w1", {}, 0.5));
        subject.state.limit_times(now - 24h);
        CHECK(subject.state.wake()->lease_until == now - 24h + 10s);
        CHECK(*subject.state.next_attempt_at() <= now - 24h + 72s);
    }
}
