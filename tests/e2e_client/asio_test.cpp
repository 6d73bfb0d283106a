// Without blocking, awaited by coroutines on an executor of their own: the same on every server.

#include <doctest/doctest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/describe/class.hpp>

#include <cstring>
#include <fstream>
#include <stdexcept>

#include "e2e_client/streams.hpp"
#include "foldback/client/asio.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback::client;
using namespace std::chrono_literals;
using e2e::client;
using e2e::content_of;
using e2e::new_stream;
using e2e::new_url;
namespace asio = boost::asio;

namespace {

struct Line {
    std::string sku;
    int count = 0;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, count))

/// Runs a coroutine to its end on this thread; throws what it throws.
template <class Value>
Value run(asio::awaitable<Value> coroutine) {
    asio::io_context context;
    auto future = asio::co_spawn(context, std::move(coroutine), asio::use_future);
    context.run();
    return future.get();
}

ProducerOptions loud() {
    return {.on_error = [](const Undelivered& undelivered) { FAIL_CHECK(undelivered.error.message); }};
}

}  // namespace

TEST_CASE("a stream's whole life is awaited") {
    const foldback::test::TemporaryDirectory directory;
    const auto file = directory.path() / "lines";
    std::ofstream(file) << R"(["from a file"])";
    const auto life = [](DurableStream stream, std::filesystem::path path) -> asio::awaitable<std::string> {
        CreateOptions wanted{.content_type = "application/json"};
        const auto created = (co_await async_create(stream, std::move(wanted))).value();
        CHECK(created.is_new);
        CHECK((co_await async_connect(stream)).value().content_type == created.content_type);
        const Line line{"A-1", 2};
        const auto first = (co_await async_append(stream, line)).value();
        const std::vector<std::string> numbers{"1", "2"};
        CHECK((co_await async_append_batch(stream, numbers)).value().tail > first.tail);
        (void)(co_await async_append_file(stream, path)).value();
        const std::string last = "3";
        const auto closed = (co_await async_close_with(stream, last)).value();
        const auto head = (co_await async_head(stream)).value();
        CHECK(head.closed);
        CHECK(head.tail == closed.tail);
        CHECK((co_await async_close(stream)).value().tail == closed.tail);
        auto content = content_of(stream);
        (void)(co_await async_remove(stream)).value();
        CHECK((co_await async_head(stream)).error().code == ErrorCode::not_found);
        co_return content;
    };

    CHECK(run(life(client().stream(new_url()), file)) == R"({"sku":"A-1","count":2} 1 2 "from a file" 3 )");
}

TEST_CASE("what completes does so on the coroutine's own executor, and never blocks it") {
    const auto stream = new_stream("text/plain");
    asio::io_context context;
    int appended = 0;
    const auto append = [](DurableStream target, asio::io_context& own, int& count) -> asio::awaitable<void> {
        const std::string text = "x";
        (void)(co_await async_append(target, text)).value();
        CHECK(own.get_executor().running_in_this_thread());
        ++count;
    };
    for (int index = 0; index < 20; ++index) asio::co_spawn(context, append(stream, context, appended), asio::detached);

    context.run();
    CHECK(appended == 20);
    CHECK(content_of(stream) == std::string(20, 'x'));
}

TEST_CASE("what a source throws is thrown to whoever awaits") {
    const auto stream = new_stream("application/octet-stream");
    const auto append = [](DurableStream target) -> asio::awaitable<void> {
        Source failing = [](std::span<char>) -> std::size_t { throw std::runtime_error("the disk is gone"); };
        (void)co_await async_append_from(target, std::move(failing));
    };

    CHECK_THROWS_WITH(run(append(stream)), "the disk is gone");
    CHECK(content_of(stream).empty());
}

TEST_CASE("an operation ends by its deadline, its stop token, or its cancellation") {
    // Nobody answers there, and everything is tried again.
    const Client patient({.retry = {.max_retries = 1000, .initial_delay = 1ms}});
    const auto nowhere = patient.stream("http://127.0.0.1:1/stream", {.content_type = "text/plain"});
    std::stop_source stop;
    asio::cancellation_signal signal;
    asio::io_context context;
    std::vector<ErrorCode> codes;
    const auto note = [&](std::exception_ptr failure, const Result<Head>& outcome) {
        CHECK_FALSE(failure);
        REQUIRE_FALSE(outcome);
        codes.push_back(outcome.error().code);
        // One after the other, so that each ends by its own cause.
        if (codes.size() == 1) stop.request_stop();
        if (codes.size() == 2) signal.emit(asio::cancellation_type::all);
    };
    async_head(nowhere, {.stop = stop.get_token()}, asio::bind_executor(context, note));
    async_head(nowhere, {}, asio::bind_executor(context, asio::bind_cancellation_slot(signal.slot(), note)));
    async_head(nowhere, {.deadline = within(50ms)}, asio::bind_executor(context, note));

    context.run();
    CHECK(codes == std::vector{ErrorCode::timed_out, ErrorCode::cancelled, ErrorCode::cancelled});
}

TEST_CASE("a producer is awaited: deliveries in order, however little may wait, then flushed and closed") {
    const auto stream = new_stream("application/json");
    auto options = loud();
    options.max_pending_bytes = 8;
    options.linger = 0ms;
    IdempotentProducer producer(stream, "p", std::move(options));
    asio::io_context context;
    std::string expected;
    for (int number = 100; number < 150; ++number) {
        async_deliver(producer, number,
                      asio::bind_executor(context, [](std::exception_ptr failure, const Result<Appended>& outcome) {
                          CHECK_FALSE(failure);
                          CHECK(outcome);
                      }));
        expected += std::to_string(number) + " ";
    }
    const auto end = [](IdempotentProducer& ending) -> asio::awaitable<void> {
        (void)(co_await async_flush(ending)).value();
        const std::string last = "0";
        (void)(co_await async_close_stream_with(ending, last)).value();
        CHECK((co_await async_deliver(ending, last)).error().code == ErrorCode::detached);
        (void)(co_await async_detach(ending)).value();
    };
    context.run();
    run(end(producer));

    CHECK(content_of(stream) == expected + "0 ");
    CHECK(stream.head().value().closed);
}

TEST_CASE("a producer that cannot deliver lets nobody wait past the deadline, and tells everybody when it ends") {
    const auto nowhere = client().stream("http://127.0.0.1:1/stream", {.content_type = "text/plain"});
    IdempotentProducer producer(nowhere, "p", {.on_error = [](const Undelivered&) {}});
    asio::io_context context;
    std::optional<ErrorCode> outcome;
    const std::string message = "x";
    async_deliver(producer, message,
                  asio::bind_executor(context, [&](std::exception_ptr, const Result<Appended>& known) {
                      outcome = known.error().code;
                  }));
    const auto end = [](IdempotentProducer& ending) -> asio::awaitable<void> {
        CallOptions soon{.deadline = within(50ms)};
        CHECK((co_await async_flush(ending, soon)).error().code == ErrorCode::timed_out);
        soon.deadline = within(50ms);
        CHECK((co_await async_detach(ending, soon)).error().code == ErrorCode::timed_out);
    };

    run(end(producer));
    context.run();
    CHECK((outcome == ErrorCode::outcome_unknown || outcome == ErrorCode::detached));
}
