// Creating, appending, closing, deleting: the same on every server.

#include <doctest/doctest.h>

#include <boost/describe/class.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "e2e_client/streams.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback::client;
using e2e::client;
using e2e::content_of;
using e2e::new_stream;
using e2e::new_url;

namespace {

struct Line {
    std::string sku;
    int count = 0;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, count))

}  // namespace

TEST_CASE("a stream is created once, found again, and refused with another content type") {
    const auto stream = client().stream(new_url());

    const auto created = stream.create({.content_type = "text/plain"}).value();
    CHECK(created.is_new);
    CHECK(created.content_type.starts_with("text/plain"));
    CHECK_FALSE(stream.create({.content_type = "text/plain"}).value().is_new);
    const auto refused = stream.create({.content_type = "application/json"});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::conflict);
    CHECK(refused.error().status == 409);
}

TEST_CASE("what a stream was created with, its head says") {
    const auto stream = client().stream(new_url());

    REQUIRE(stream.create(
        {.content_type = "application/json", .ttl = std::chrono::hours(1), .body = "[1,2]", .closed = true}));

    const auto head = stream.head().value();
    CHECK(head.content_type.starts_with("application/json"));
    CHECK(head.closed);
    CHECK(head.ttl);
    CHECK(content_of(stream) == "1 2 ");
}

TEST_CASE("text, bytes, JSON, values and batches are appended as messages") {
    const auto text = new_stream("text/plain");
    REQUIRE(text.append("Hello"));
    REQUIRE(text.append_batch(std::vector<std::string>{", ", "World"}));
    CHECK(content_of(text) == "Hello, World");

    const auto bytes = new_stream("application/octet-stream");
    const std::vector<std::byte> three{std::byte{0}, std::byte{255}, std::byte{'\n'}};
    REQUIRE(bytes.append(std::span(three)));
    CHECK(content_of(bytes) == std::string("\0\xFF\n", 3));

    const auto json = new_stream("application/json");
    REQUIRE(json.append("[1,2]"));
    REQUIRE(json.append(Line{"A-1", 2}));
    REQUIRE(json.append_batch(std::vector<Line>{{"B", 1}, {"C", 0}}));
    CHECK(content_of(json) == R"([1,2] {"sku":"A-1","count":2} {"sku":"B","count":1} {"sku":"C","count":0} )");
}

TEST_CASE("a source is appended piece by piece, and one that fails appends nothing") {
    const auto stream = new_stream("application/octet-stream");
    std::size_t left = 3'000'000;
    REQUIRE(stream.append_from([&left](std::span<char> space) {
        const auto size = std::min(left, space.size());
        std::memset(space.data(), 'x', size);
        left -= size;
        return size;
    }));
    CHECK(content_of(stream) == std::string(3'000'000, 'x'));

    const Source failing = [asked = 0](std::span<char> space) mutable -> std::size_t {
        if (asked++ > 0) throw std::runtime_error("the disk is gone");
        return space.size();
    };
    CHECK_THROWS_WITH((void)stream.append_from(failing), "the disk is gone");
    CHECK(content_of(stream).size() == 3'000'000);
}

TEST_CASE("a file is appended") {
    const foldback::test::TemporaryDirectory directory;
    const auto file = directory.path() / "content";
    std::ofstream(file) << "from a file";
    const auto stream = new_stream("text/plain");

    REQUIRE(stream.append_file(file));
    CHECK(content_of(stream) == "from a file");
    CHECK_THROWS_AS((void)stream.append_file(directory.path() / "absent"), std::filesystem::filesystem_error);
}

TEST_CASE("Stream-Seq must grow") {
    const auto stream = new_stream("text/plain");

    REQUIRE(stream.append("a", {.stream_seq = "2"}));
    const auto refused = stream.append("b", {.stream_seq = "1"});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::stream_seq);
    CHECK(content_of(stream) == "a");
}

TEST_CASE("a closed stream says where it ends and takes nothing more") {
    const auto stream = new_stream("text/plain");
    REQUIRE(stream.append("all"));

    const auto closed = stream.close("!").value();
    const auto refused = stream.append("more");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::closed);
    CHECK(refused.error().stream_is_closed);
    CHECK(refused.error().tail == closed.tail);
    CHECK(stream.close());
    CHECK(content_of(stream) == "all!");
}

TEST_CASE("what is not there is not found, by its name") {
    const auto stream = client().stream(new_url());

    for (const auto& error : {stream.append("x").error(), stream.head().error(), stream.remove().error(),
                              stream.close().error(), stream.read().next().error()}) {
        CHECK(error.code == ErrorCode::not_found);
        CHECK(error.status == 404);
        CHECK(error.stream == stream.url());
        CHECK(error.message.find(stream.url()) != std::string::npos);
    }
}

TEST_CASE("a deleted stream is gone") {
    const auto stream = new_stream("text/plain");

    REQUIRE(stream.remove());
    CHECK(stream.head().error().code == ErrorCode::not_found);
}

TEST_CASE("a fork begins with what its source holds up to an offset") {
    const auto source = new_stream("text/plain");
    const auto first = source.append("one").value();
    REQUIRE(source.append("two"));
    const auto path = source.url().substr(source.url().find('/', 8));
    const auto fork = client().stream(new_url());

    REQUIRE(fork.create({.fork = Fork{.source = path, .offset = first.tail}}));
    REQUIRE(fork.append("three"));

    CHECK(content_of(fork) == "onethree");
    CHECK(content_of(source) == "onetwo");
}

TEST_CASE("headers and parameters may be functions, asked before every request") {
    std::atomic<int> asked{0};
    const auto count = [&asked] { return std::to_string(++asked); };
    const auto stream = client().stream(new_url(), {.headers = {{"x-count", count}}, .parameters = {{"count", count}}});

    REQUIRE(stream.create({.content_type = "text/plain"}));
    REQUIRE(stream.append("a"));
    CHECK(asked == 4);
}

TEST_CASE("a handle is used by many threads at the same time") {
    const auto stream = new_stream("application/json");
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&stream] {
            for (int index = 0; index < 20; ++index) (void)stream.append("1").value();
        });
    }
    for (auto& thread : threads) thread.join();

    CHECK(content_of(stream).size() == 8 * 20 * 2);
}
