// Exactly once: the same on every server.

#include <doctest/doctest.h>

#include <mutex>
#include <numeric>
#include <thread>

#include "e2e_client/streams.hpp"
#include "foldback/client/idempotent_producer.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback::client;
using namespace std::chrono_literals;
using e2e::content_of;
using e2e::new_stream;

namespace {

/// What was reported as not delivered.
class Reported {
public:
    std::function<void(const Undelivered&)> collector() {
        return [this](const Undelivered& undelivered) {
            const std::scoped_lock lock(mutex_);
            codes.push_back(undelivered.error.code);
            messages += undelivered.messages;
        };
    }

    std::vector<ErrorCode> codes;
    std::size_t messages = 0;

private:
    std::mutex mutex_;
};

}  // namespace

TEST_CASE("a producer delivers messages in order through many small batches at the same time") {
    const auto stream = new_stream("application/json");
    Reported reported;
    IdempotentProducer producer(
        stream, "p", {.max_batch_items = 3, .linger = 0ms, .max_in_flight = 5, .on_error = reported.collector()});

    std::string expected;
    for (int number = 0; number < 500; ++number) {
        REQUIRE(producer.append(std::to_string(number)));
        expected += std::to_string(number) + " ";
    }
    REQUIRE(producer.flush({.deadline = within(30s)}));

    CHECK(content_of(stream) == expected);
    CHECK(reported.codes.empty());
    CHECK(producer.progress().pending_messages == 0);
}

TEST_CASE("every append has its outcome, as a function and as a future") {
    const auto stream = new_stream("text/plain");
    Reported reported;
    IdempotentProducer producer(stream, "p", {.on_error = reported.collector()});
    std::promise<Result<Appended>> told;

    REQUIRE(producer.append("a", [&told](const Result<Appended>& outcome) { told.set_value(outcome); }));
    auto future = producer.append_with_future("b");

    CHECK(told.get_future().get().value().tail <= future.get().value().tail);
    CHECK(producer.append_with_future("").get().error().code == ErrorCode::invalid_argument);
}

TEST_CASE("a message that is no JSON is refused alone") {
    const auto stream = new_stream("application/json");
    Reported reported;
    IdempotentProducer producer(stream, "p", {.on_error = reported.collector()});

    for (const char* text : {"", "{", "1 2", "\xFF", "nul"}) {
        CHECK(producer.append(text).error().code == ErrorCode::invalid_argument);
    }
    REQUIRE(producer.append("1"));
    REQUIRE(producer.flush());
    CHECK(content_of(stream) == "1 ");
}

TEST_CASE("a producer that claims its epoch fences the one before it") {
    const auto stream = new_stream("application/json");
    Reported of_first;
    Reported of_second;
    IdempotentProducer first(stream, "p", {.linger = 0ms, .on_error = of_first.collector()});
    REQUIRE(first.append("1"));
    REQUIRE(first.flush());

    // The claims are drawn at random: whoever comes second ends up above.
    IdempotentProducer second(stream, "p", {.linger = 0ms, .on_error = of_second.collector()});
    REQUIRE(second.append("2"));
    REQUIRE(second.flush());
    REQUIRE(first.append("3"));

    CHECK(first.flush().error().code == ErrorCode::stale_epoch);
    CHECK(of_first.codes == std::vector{ErrorCode::stale_epoch});
    CHECK(of_first.messages == 1);
    CHECK(first.append("4").error().code == ErrorCode::stale_epoch);
    CHECK(of_second.codes.empty());
    CHECK(content_of(stream) == "1 2 ");
}

TEST_CASE("a producer restarted with an epoch that was used loses nothing in silence") {
    const auto stream = new_stream("application/json");
    for (int run = 0; run < 2; ++run) {
        Reported reported;
        IdempotentProducer producer(stream, "p", {.epoch = GivenEpoch{4}, .on_error = reported.collector()});
        REQUIRE(producer.append(std::to_string(run)));
        const auto flushed = producer.flush();

        if (run == 0) {
            CHECK(flushed);
        } else {
            CHECK(flushed.error().code == ErrorCode::epoch_in_use);
            CHECK(reported.messages == 1);
        }
    }
    CHECK(content_of(stream) == "0 ");
}

TEST_CASE("a producer with an epoch file goes on after every restart") {
    const foldback::test::TemporaryDirectory directory;
    const auto stream = new_stream("application/json");
    Reported reported;
    for (int run = 0; run < 3; ++run) {
        IdempotentProducer producer(stream, "p",
                                    {.epoch = EpochFile{directory.path() / "epoch"}, .on_error = reported.collector()});
        REQUIRE(producer.append(std::to_string(run)));
        REQUIRE(producer.flush());
        CHECK(producer.progress().epoch == static_cast<std::uint64_t>(run));
    }
    CHECK(content_of(stream) == "0 1 2 ");
    CHECK(reported.codes.empty());
}

TEST_CASE("detaching leaves the stream open, closing closes it with a last message") {
    const auto stream = new_stream("text/plain");
    Reported reported;
    {
        IdempotentProducer producer(stream, "a", {.on_error = reported.collector()});
        REQUIRE(producer.append("1"));
        REQUIRE(producer.detach());
        CHECK(producer.append("x").error().code == ErrorCode::detached);
    }
    CHECK_FALSE(stream.head().value().closed);

    IdempotentProducer producer(stream, "b", {.on_error = reported.collector()});
    REQUIRE(producer.append("2"));
    const auto closed = producer.close_stream("3").value();
    CHECK(producer.close_stream().value().tail == closed.tail);
    CHECK(stream.head().value().closed);
    CHECK(content_of(stream) == "123");
    CHECK(reported.codes.empty());
}

TEST_CASE("a producer whose server is not there ends in time and says what was not sent") {
    const auto stream = e2e::client().stream("http://127.0.0.1:1/stream", {.content_type = "text/plain"});
    Reported reported;
    const auto begun = std::chrono::steady_clock::now();
    {
        IdempotentProducer producer(stream, "p", {.destructor_timeout = 300ms, .on_error = reported.collector()});
        REQUIRE(producer.append("1"));
        REQUIRE(producer.append("2"));
        CHECK(producer.flush({.deadline = within(100ms)}).error().code == ErrorCode::timed_out);
    }
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
    CHECK(reported.messages == 2);
}

TEST_CASE("a stream that is not there fails every message and the producer") {
    const auto stream = e2e::client().stream(e2e::new_url(), {.content_type = "text/plain"});
    Reported reported;
    IdempotentProducer producer(stream, "p", {.on_error = reported.collector()});

    CHECK(producer.append_with_future("1").get().error().code == ErrorCode::not_found);
    CHECK(reported.codes == std::vector{ErrorCode::not_found});
}
