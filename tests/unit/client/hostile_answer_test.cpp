#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "foldback/client/client.hpp"
#include "server/delivery/receiver.hpp"

/// Servers that mean no good, or none at all.
namespace foldback::client {

using namespace std::chrono_literals;

namespace {

/// The error that one attempt to read ends with.
Error error_of_reading(const server::Receiver& receiver, ClientOptions options = {}) {
    options.retry.max_retries = 0;
    auto session = Client(std::move(options)).stream(receiver.url()).read();
    const auto next = session.next();
    REQUIRE(next.has_error());
    CAPTURE(next.error().message);
    return next.error();
}

}  // namespace

TEST_CASE("a chunk whose extension has no end is not kept in memory for ever") {
    constexpr std::size_t most = 32 << 20;
    std::atomic<std::size_t> sent{0};
    server::Receiver receiver([&](int descriptor) {
        (void)server::read_request(descriptor);
        const std::string beginning = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;name=";
        const std::string more(64 << 10, 'a');
        bool is_taken = server::write_text(descriptor, beginning);
        for (; is_taken && sent < most; sent += more.size()) is_taken = server::write_text(descriptor, more);
    });

    CHECK(error_of_reading(receiver).code == ErrorCode::response_too_large);
    CHECK(sent < most);
}

TEST_CASE("no memory is taken for a body before it comes, however large it is said to be") {
    server::Receiver receiver(server::answering("HTTP/1.1 200 OK\r\ncontent-length: 4611686018427387904\r\n\r\nshort"));

    CHECK(error_of_reading(receiver, {.max_body_bytes = SIZE_MAX}).code == ErrorCode::network);
}

TEST_CASE("a silent server is given up after the response's time, also when there is more time to connect") {
    server::Receiver receiver([](int descriptor) { server::wait_until_the_other_side_is_gone(descriptor); });
    const auto begun = std::chrono::steady_clock::now();

    CHECK(error_of_reading(receiver, {.connect_timeout = 20s, .response_timeout = 100ms}).code == ErrorCode::network);

    CHECK(std::chrono::steady_clock::now() - begun < 15s);
}

}  // namespace foldback::client
