#include <doctest/doctest.h>

#include <string>

#include "foldback/client/client.hpp"
#include "server/delivery/receiver.hpp"

/// What a request says.
namespace foldback::client {

TEST_CASE("of headers and parameters of the same name the stream's count, and not the client's") {
    std::string request;
    server::Receiver receiver([&](int descriptor) {
        request = server::read_request(descriptor);
        server::write_text(descriptor, server::reply("404 No", ""));
    });
    const Client client(
        {.headers = {{"X-Who", "client"}, {"X-What", "all"}}, .parameters = {{"token", "client's"}, {"tenant", "1"}}});
    const auto stream = client.stream(
        receiver.url("/s"),
        {.headers = {{"x-who", "stream"}}, .parameters = {{"token", [] { return std::string("stream's"); }}}});

    CHECK(stream.head().error().code == ErrorCode::not_found);

    CHECK(request.starts_with("HEAD /s?tenant=1&token=stream%27s HTTP/1.1\r\n"));
    CHECK(request.find("\r\nx-who: stream\r\n") != std::string::npos);
    CHECK(request.find("\r\nX-Who: client\r\n") == std::string::npos);
    CHECK(request.find("\r\nX-What: all\r\n") != std::string::npos);
}

}  // namespace foldback::client
