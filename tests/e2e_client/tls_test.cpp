// TLS: whom the client believes. Our server, once with a certificate for its address and once with one for another name.

#include <doctest/doctest.h>

#include "e2e_client/streams.hpp"

using namespace foldback::client;
using namespace std::chrono_literals;
using e2e::new_url;
using e2e::setting;

namespace {

ClientOptions trusting(const std::string& ca_file) { return {.retry = {.max_retries = 0}, .ca_file = ca_file}; }

}  // namespace

TEST_CASE("a server whose authority is trusted is spoken to") {
    const Client client(trusting(setting("CLIENT_TEST_CA")));
    const auto stream = client.stream(new_url(), {.content_type = "text/plain"});

    REQUIRE(stream.create());
    REQUIRE(stream.append("secret"));
    CHECK(e2e::content_of(stream) == "secret");
}

TEST_CASE("a server of an unknown authority gets no request, and the error says why") {
    const Client of_another(trusting(setting("CLIENT_TEST_OTHER_CA")));
    const Client of_the_system(ClientOptions{.retry = {.max_retries = 0}});
    const auto url = new_url();

    for (const auto* client : {&of_another, &of_the_system}) {
        const auto created = client->stream(url).create({.content_type = "text/plain"});
        REQUIRE_FALSE(created);
        CHECK(created.error().code == ErrorCode::network);
        CHECK(created.error().message.find("certificate verify failed") != std::string::npos);
    }
    const Client client(trusting(setting("CLIENT_TEST_CA")));
    CHECK(client.stream(url).head().error().code == ErrorCode::not_found);
}

TEST_CASE("a certificate for another name is refused") {
    const Client client(trusting(setting("CLIENT_TEST_CA")));

    const auto created = client.stream(new_url(setting("CLIENT_TEST_MISNAMED_URL"))).create();

    REQUIRE_FALSE(created);
    CHECK(created.error().code == ErrorCode::network);
}

TEST_CASE("a plain append over a connection that was never made is not of unknown outcome") {
    const Client client(trusting(setting("CLIENT_TEST_OTHER_CA")));

    const auto appended = client.stream(new_url(), {.content_type = "text/plain"}).append("x");

    REQUIRE_FALSE(appended);
    CHECK(appended.error().code == ErrorCode::network);
}

TEST_CASE("a server that speaks no TLS, and a plain request to one that does, are errors and no waiting") {
    const Client client(trusting(setting("CLIENT_TEST_CA")));
    const auto plain = "http" + new_url().substr(5);
    const auto unexpected = "https" + setting("CLIENT_TEST_PLAIN_URL").substr(4);

    for (const auto& url : {plain, unexpected}) {
        CAPTURE(url);
        const auto created = client.stream(url).create({.call = {.deadline = within(20s)}});
        REQUIRE_FALSE(created);
        CHECK(created.error().code != ErrorCode::timed_out);
    }
}
