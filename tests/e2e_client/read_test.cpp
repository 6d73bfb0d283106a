// Reading, catching up and following: the same on every server.

#include <doctest/doctest.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include <future>
#include <thread>

#include "e2e_client/streams.hpp"
#include "foldback/client/asio.hpp"

using namespace foldback::client;
using namespace std::chrono_literals;
using e2e::new_stream;

namespace {

/// Reads until so many messages have come, or the stream is closed.
std::vector<std::string> read_messages(ReadSession& session, std::size_t count) {
    std::vector<std::string> messages;
    while (messages.size() < count) {
        auto batch = session.next().value();
        if (!batch) break;
        for (const auto item : batch->items()) messages.emplace_back(item);
    }
    return messages;
}

}  // namespace

TEST_CASE("a session resumes behind a saved offset") {
    const auto stream = new_stream("application/json");
    REQUIRE(stream.append("1"));
    Offset saved;
    for (const auto& batch : stream.read()) saved = batch.offset;
    REQUIRE(stream.append("2"));

    auto session = stream.read({.from = Offset(saved.text())});
    CHECK(read_messages(session, 9) == std::vector<std::string>{"2"});
    CHECK(session.offset() == stream.head().value().tail);
}

TEST_CASE("a session follows a stream in each way until it is closed") {
    for (const auto live : {Live::automatic, Live::long_poll, Live::sse}) {
        for (const std::string type : {"application/json", "text/plain", "application/octet-stream"}) {
            CAPTURE(static_cast<int>(live));
            CAPTURE(type);
            const auto stream = new_stream(type);
            REQUIRE(stream.append("1"));
            auto session = stream.read({.live = live, .call = {.deadline = within(20s)}});
            CHECK(read_messages(session, 1) == std::vector<std::string>{"1"});

            auto waiting = std::async(std::launch::async, [&] { return read_messages(session, 1); });
            REQUIRE(stream.append("2"));
            CHECK(waiting.get() == std::vector<std::string>{"2"});
            REQUIRE(stream.close("3"));
            CHECK(read_messages(session, 9) == std::vector<std::string>{"3"});
        }
    }
}

TEST_CASE("from now on only what comes is read") {
    const auto stream = new_stream("application/json");
    REQUIRE(stream.append("1"));
    auto session = stream.read({.from = Offset::now(), .live = Live::automatic, .call = {.deadline = within(20s)}});
    CHECK(session.next().value()->empty());

    REQUIRE(stream.append("2"));
    CHECK(read_messages(session, 1) == std::vector<std::string>{"2"});
}

TEST_CASE("a stop token ends a range, and a deadline ends a session with its error") {
    const auto stream = new_stream("application/json");
    REQUIRE(stream.append("1"));
    std::stop_source source;
    unsigned batches = 0;
    std::thread stopping;
    for (const auto& batch : stream.read({.live = Live::automatic, .call = {.stop = source.get_token()}})) {
        CHECK(batch.items().size() == 1);
        ++batches;
        stopping = std::thread([&source] { source.request_stop(); });
    }
    stopping.join();
    CHECK(batches == 1);

    auto session = stream.read({.live = Live::long_poll, .call = {.deadline = within(2s)}});
    REQUIRE(session.next());
    CHECK(session.next().error().code == ErrorCode::timed_out);
}

TEST_CASE("cancelling a session ends it from another thread") {
    const auto stream = new_stream("text/plain");
    auto session = stream.read({.live = Live::long_poll});
    REQUIRE(session.next());
    auto waiting = std::async(std::launch::async, [&session] { return session.next(); });

    session.cancel();
    CHECK(waiting.get().error().code == ErrorCode::cancelled);
}

TEST_CASE("a session is awaited by a coroutine on its own executor") {
    const auto stream = new_stream("application/json");
    REQUIRE(stream.append_batch(std::vector<std::string>{"1", "2"}));
    boost::asio::io_context context;
    const auto count = [](DurableStream target, boost::asio::io_context& own) -> boost::asio::awaitable<std::size_t> {
        auto session = target.read();
        std::size_t messages = 0;
        for (;;) {
            auto next = co_await async_next(session);
            CHECK(own.get_executor().running_in_this_thread());
            if (!next.value()) break;
            messages += next.value()->items().size();
        }
        co_return messages;
    };

    auto counted = boost::asio::co_spawn(context, count(stream, context), boost::asio::use_future);
    context.run();
    CHECK(counted.get() == 2);
}

TEST_CASE("an offset that the server does not know is a bad request, and the session can be asked again") {
    const auto stream = new_stream("text/plain");
    auto session = stream.read({.from = Offset("not-an-offset")});

    CHECK(session.next().error().status == 400);
    CHECK(session.next().error().code == ErrorCode::bad_request);
}
