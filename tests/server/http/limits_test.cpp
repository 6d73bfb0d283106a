#include "foldback/server/http_server.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <stdexcept>

#include "server/http/served.hpp"

using namespace foldback::server;
using namespace foldback::server::testing;

namespace {

constexpr std::chrono::milliseconds short_time{30};

std::string post(std::string_view fields, std::string_view body = {}) {
    return "POST /post HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n\r\n" + std::string(body);
}

/// Sends one byte again and again; whether the server ends it.
bool is_ended_while_sending(RawClient& client) {
    const auto give_up = std::chrono::steady_clock::now() + patience / 2;
    while (std::chrono::steady_clock::now() < give_up) {
        if (!client.try_send("x")) return true;
    }
    return false;
}

}  // namespace

TEST_CASE("a refused head is explained, the connection closed, and what follows not executed") {
    const std::string smuggled = "POST /smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";
    const struct {
        std::string request;
        unsigned status;
    } cases[] = {
        {post("Content-Length: 3\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400},
        {post("Content-Length: 3\r\nContent-Length: 4", "abc"), 400},
        {post("Transfer-Encoding: xchunked", "0\r\n\r\n"), 400},
        {post("Transfer-Encoding: chunked", "3;x=y\r\nabc\r\n0\r\n\r\n"), 400},
        {post("Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\nX: y\r\n\r\n"), 400},
        {post("Transfer-Encoding: chunked", "3\nabc\n0\n\n"), 400},
        {post("Content-Length : 3", "abc"), 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
        {post("Expect: 200-ok\r\nContent-Length: 3", "abc"), 417},
        {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(17000, 'a') + "\r\n\r\n", 431},
    };
    Served served;
    auto healthy = served.start();
    for (const auto& [request, status] : cases) {
        const auto& tried = request;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        auto client = served.connect();

        client.send(request + smuggled);
        const auto response = client.receive();

        CHECK(response.status == status);
        CHECK_FALSE(response.keep_alive);
        CHECK(response.header("content-type") == "application/problem+json");
        CHECK(response.body.starts_with(R"({"type":"about:blank","title":")"));
        CHECK(client.is_closed());
    }
    CHECK(served.handler.handled().empty());
    CHECK(healthy.get("/").status == 200);
}

TEST_CASE("a hundred and one header fields are too many") {
    Served served;
    auto client = served.start();
    std::string fields;
    for (int i = 0; i < 100; ++i) fields += "x: y\r\n";

    client.send("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");

    CHECK(client.receive().status == 431);
}

TEST_CASE("a body beyond the limit is refused before it is asked for and before it is read") {
    Served served;
    auto client = served.start();

    client.send(post("Content-Length: 1000000000\r\nExpect: 100-continue"));
    const auto response = client.receive();

    CHECK(response.status == 413);
    CHECK(client.is_closed());
    CHECK(served.handler.handled().empty());
}

TEST_CASE("a client that sends a large refused body anyway still gets to see the refusal") {
    Served served;
    auto client = served.start();

    client.try_send(post("Content-Length: 9000000", std::string(9'000'000, 'x')));

    CHECK(client.receive().status == 413);
}

TEST_CASE("a refused client may finish what it was sending, within a time") {
    Served served;
    auto options = on_any_port();
    options.linger_timeout = std::chrono::milliseconds(100);
    auto client = served.start(options);

    client.send(post("Content-Length: 9000000"));
    CHECK(client.receive().status == 413);
    CHECK(client.is_closed());
    for (int i = 0; i < 3; ++i) CHECK(client.try_send(std::string(10'000, 'x')));

    CHECK(is_ended_while_sending(client));
    CHECK(served.server->stop(patience));
}

TEST_CASE("a chunked body beyond the limit is refused when it gets there") {
    Served served;
    auto options = on_any_port();
    options.max_body_bytes = 10;
    auto client = served.start(options);

    client.send(post("Transfer-Encoding: chunked", "6\r\n123456\r\n5\r\n"));

    CHECK(client.receive().status == 413);
    CHECK(client.is_closed());
}

TEST_CASE("the handler may refuse a request before its body is read") {
    Served served;
    served.handler.refuse("/closed", 405);
    auto client = served.start();
    auto without_body = served.connect();

    client.send("POST /closed HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    const auto response = client.receive();

    CHECK(response.status == 405);
    CHECK(response.body == "refused early");
    CHECK(client.is_closed());
    CHECK(without_body.get("/closed").status == 200);  // the handler sees it whole
}

TEST_CASE("an expected continue is sent, unless some of the body is there already") {
    Served served;
    auto client = served.start();

    client.send(post("Content-Length: 5\r\nExpect: 100-continue"));
    CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    CHECK(client.receive().body == "/post hello");

    client.send(post("Content-Length: 5\r\nExpect: 100-continue", "hello"));
    CHECK(client.receive().body == "/post hello");

    client.send(post("Content-Length: 5\r\nExpect: 100-continue", "he"));
    client.send("llo");
    CHECK(client.receive_until("\r\n").starts_with("HTTP/1.1 200"));
}

TEST_CASE("a head that comes too slowly is given up") {
    Served served;
    auto options = on_any_port();
    options.header_timeout = short_time;
    auto client = served.start(options);

    client.send("GET / HTTP/1.1\r\nHost");

    CHECK(client.receive().status == 408);
    CHECK(client.is_closed());
    CHECK(served.handler.handled().empty());
}

TEST_CASE("a head that keeps coming byte by byte is given up all the same") {
    Served served;
    auto options = on_any_port();
    options.max_header_bytes = 64 << 20;
    options.header_timeout = short_time;
    options.linger_timeout = short_time;
    auto client = served.start(options);
    client.send("GET / HTTP/1.1\r\nX: ");

    CHECK(is_ended_while_sending(client));
    CHECK(client.receive().status == 408);
}

TEST_CASE("an idle connection is closed without a word") {
    Served served;
    auto options = on_any_port();
    options.idle_timeout = short_time;
    auto client = served.start(options);
    auto silent = served.connect();

    CHECK(client.get("/").keep_alive);

    CHECK(client.is_closed());
    CHECK(silent.is_closed());
}

TEST_CASE("a body that comes too slowly is given up, and nothing of it is executed") {
    Served served;
    auto options = on_any_port();
    options.body_grace = short_time;
    auto sized = served.start(options);
    auto chunked = served.connect();

    sized.send(post("Content-Length: 100", "abc"));
    chunked.send(post("Transfer-Encoding: chunked", "3\r\nabc\r\n"));

    CHECK(sized.receive().status == 408);
    CHECK(sized.is_closed());
    CHECK(chunked.receive().status == 408);
    CHECK(chunked.is_closed());
    CHECK(served.handler.handled().empty());
}

TEST_CASE("a body that keeps coming below the rate is given up all the same") {
    Served served;
    auto options = on_any_port();
    options.body_grace = short_time;
    options.linger_timeout = short_time;
    options.min_body_bytes_per_second = 1ULL << 40;
    auto client = served.start(options);
    client.send(post("Content-Length: 8000000"));

    CHECK(is_ended_while_sending(client));
    CHECK(client.receive().status == 408);
    CHECK(served.handler.handled().empty());
}

TEST_CASE("a client that goes at any byte of a request has not made it") {
    Served served;
    auto healthy = served.start();
    const auto requests = {post("Content-Length: 10", "0123456789"),
                           post("Transfer-Encoding: chunked", "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n")};

    for (const auto& request : requests) {
        for (std::size_t size = 0; size < request.size(); ++size) {
            auto client = served.connect();
            client.send(request.substr(0, size));
            if (size % 2 == 0) {
                client.finish_sending();
                CHECK(client.is_closed());
            } else {
                client.reset();
            }
        }
    }

    CHECK(healthy.get("/alive").status == 200);
    CHECK(served.server->stop(patience));
    CHECK(served.handler.handled() == std::vector<std::string>{"/alive"});
}

TEST_CASE("bodies that are not answered yet are bounded, of all connections together") {
    Awaited<std::vector<Respond>> responds;
    Served served;
    served.handler.on("/post", [&](const Request&) {
        return Pending{
            [&](Respond respond) { responds.change([&](auto& all) { all.push_back(std::move(respond)); }); }};
    });
    auto options = on_any_port();
    options.max_bodies_in_flight_bytes = 100'000;
    auto first = served.start(options);
    auto second = served.connect();
    auto third = served.connect();
    const auto request = post("Content-Length: 90000", std::string(90'000, 'x'));

    first.send(request);
    REQUIRE(responds.becomes([](const auto& all) { return all.size() == 1; }));
    second.try_send(request);
    const auto refused = second.receive();
    CHECK(refused.status == 503);
    CHECK(refused.header("retry-after") == "1");

    responds.get()[0](with_status(204));
    CHECK(first.receive().status == 204);
    third.send(request);
    REQUIRE(responds.becomes([](const auto& all) { return all.size() == 2; }));
    responds.get()[1](with_status(204));
    CHECK(third.receive().status == 204);
}

TEST_CASE("a client that does not read its response is dropped") {
    Served served;
    served.handler.on("/large", [](const Request&) { return with_text(std::string(20 << 20, 'x')); });
    auto options = on_any_port();
    options.write_timeout = short_time;
    auto healthy = served.start(options);
    RawClient slow(served.server->port(), 32 << 10);

    slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(served.handler.handles(1));
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (served.server->connections() == 2 && std::chrono::steady_clock::now() < give_up) {
        CHECK(healthy.get("/").status == 200);
    }

    CHECK(served.server->connections() == 1);
    CHECK(slow.receive_all().size() < (20 << 20));
}

TEST_CASE("a client that reads too slowly on the whole is dropped though it makes progress") {
    Served served;
    served.handler.on("/large", [](const Request&) { return with_text(std::string(20 << 20, 'x')); });
    auto options = on_any_port();
    options.write_timeout = std::chrono::milliseconds(50);
    options.min_write_bytes_per_second = 1ULL << 40;
    auto client = served.start(options);
    RawClient slow(served.server->port(), 32 << 10);
    slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(served.handler.handles(1));

    std::size_t received = 0;
    try {
        while (received < (20 << 20)) {
            received += slow.receive_bytes(1024).size();
            CHECK(client.get("/").status == 200);
        }
    } catch (const std::exception&) {  // cut
    }

    CHECK(received < (20 << 20));
}

TEST_CASE("a handler that throws costs its client the connection, and nobody else anything") {
    Awaited<std::vector<std::string>> reports;
    Served served;
    served.handler.on("/throw", [](const Request&) -> Reply { throw std::runtime_error("broken"); });
    auto options = on_any_port();
    options.on_error = [&](std::string_view what) { reports.change([&](auto& all) { all.emplace_back(what); }); };
    auto client = served.start(options);
    auto healthy = served.connect();

    client.send("GET /throw HTTP/1.1\r\nHost: a\r\n\r\n");

    CHECK(client.is_closed());
    CHECK(reports.get() == std::vector<std::string>{"broken"});
    CHECK(healthy.get("/").status == 200);
}
