#include "foldback/server/http_server.hpp"

#include <doctest/doctest.h>

#include <system_error>

#include "server/http/served.hpp"

using namespace foldback::server;
using namespace foldback::server::testing;

TEST_CASE("requests on one connection are answered one after another") {
    Served served;
    auto client = served.start();

    for (const std::string target : {"/1", "/2", "/3"}) {
        const auto response = client.get(target);
        CHECK(response.status == 200);
        CHECK(response.body == target + " ");
        CHECK(response.keep_alive);
    }
    CHECK(served.server->connections() == 1);
}

TEST_CASE("a response says its length and the date") {
    Served served;
    auto client = served.start();

    client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto text = client.receive_until("\r\n\r\n");

    CHECK(text.starts_with("HTTP/1.1 200 OK\r\ncontent-length: 3\r\ndate: "));
    CHECK(text.ends_with(" GMT\r\n\r\n"));
    CHECK(client.receive_bytes(3) == "/x ");
}

TEST_CASE("a body arrives whole, however it was framed and divided") {
    Served served;
    auto client = served.start();
    const std::string sized = "POST /sized HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world";
    const std::string chunked =
        "POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n";

    for (const auto& request : {sized, chunked}) {
        for (std::size_t cut = 1; cut < request.size(); cut += 3) {
            client.send(request.substr(0, cut));
            client.send(request.substr(cut));
            const auto response = client.receive();
            CHECK(response.body.ends_with(" hello world"));
            CHECK(response.keep_alive);
        }
    }
}

TEST_CASE("large bodies pass in both directions") {
    Served served;
    const auto part = std::make_shared<const std::string>(300'000, 'p');
    served.handler.on("/large", [&](const Request& request) {
        Response response;
        response.text = request.body;
        for (int i = 0; i < 200; ++i) response.pieces.push_back({.bytes = *part, .owner = part});
        response.pieces[100].bytes = {};
        return response;
    });
    auto client = served.start();
    std::string body(5'000'000, 'b');
    for (std::size_t i = 0; i < body.size(); i += 4096) body[i] = static_cast<char>('0' + i / 4096 % 10);

    client.send("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n" + body);
    const auto response = client.receive();

    CHECK(response.body.size() == 5'000'000 + 199 * 300'000);
    CHECK(response.body.starts_with(body));
    CHECK(response.body.find_first_not_of('p', body.size()) == std::string::npos);
}

TEST_CASE("pipelined requests are answered in order") {
    Worker worker;
    Served served;
    served.handler.on("/later", [&](const Request&) {
        return Pending{
            [&](Respond respond) { worker.give([respond = std::move(respond)] { respond(with_text("later")); }); }};
    });
    auto client = served.start();
    std::string requests;
    for (int i = 0; i < 100; ++i) {
        requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
        requests += "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";
        requests += "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    }

    client.send(requests);

    for (int i = 0; i < 100; ++i) {
        CHECK(client.receive().body == "/" + std::to_string(i) + " ");
        CHECK(client.receive().body == "later");
        CHECK(client.receive().body == "/p abc");
    }
}

TEST_CASE("an empty line after a body is forgiven") {
    Served served;
    auto client = served.start();

    client.send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");

    CHECK(client.receive().body == "/1 x");
    CHECK(client.receive().body == "/2 ");
}

TEST_CASE("the connection is closed when the client asks for it") {
    Served served;
    auto client = served.start();

    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    CHECK_FALSE(client.receive().keep_alive);
    CHECK(client.is_closed());
}

TEST_CASE("HTTP/1.0 closes after a response unless it asked for more") {
    Served served;
    auto client = served.start();
    auto keeping = served.connect();

    client.send("GET / HTTP/1.0\r\n\r\n");
    CHECK_FALSE(client.receive().keep_alive);
    CHECK(client.is_closed());

    for (int i = 0; i < 2; ++i) {
        keeping.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        CHECK(keeping.receive().header("connection") == "keep-alive");
    }
}

TEST_CASE("the last request allowed on a connection is answered and the connection closed") {
    Served served;
    auto options = on_any_port();
    options.max_requests_per_connection = 2;
    auto client = served.start(options);

    CHECK(client.get("/").keep_alive);
    CHECK_FALSE(client.get("/").keep_alive);
    CHECK(client.is_closed());
}

TEST_CASE("a client that finished sending still gets its answers") {
    Served served;
    auto client = served.start();

    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    client.finish_sending();

    CHECK(client.receive().body == "/1 ");
    CHECK(client.receive().body == "/2 ");
    CHECK(client.is_closed());
}

TEST_CASE("answers without a body have none on the wire") {
    Served served;
    served.handler.on("/204", [](const Request&) { return with_status(204); });
    served.handler.on("/304", [](const Request&) {
        auto response = with_status(304);
        response.text = "never sent";
        return response;
    });
    auto client = served.start();

    for (const std::string target : {"/204", "/304"}) {
        client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
        CHECK(client.receive_until("\r\n\r\n").find("content-length") == std::string::npos);
        CHECK(client.receive().body == "/next ");
    }
}

TEST_CASE("HEAD is answered like GET, without the body") {
    Served served;
    served.handler.on("/empty", [](const Request&) { return with_status(200); });
    auto client = served.start();

    client.send("HEAD /abc HTTP/1.1\r\nHost: a\r\n\r\nHEAD /empty HTTP/1.1\r\nHost: a\r\n\r\n");

    CHECK(client.receive(true).header("content-length") == "5");
    CHECK(client.receive(true).header("content-length") == "(none)");
    CHECK(client.get("/next").body == "/next ");
}

TEST_CASE("a header that would break the response is not sent") {
    Served served;
    served.handler.on("/bad", [](const Request&) {
        auto response = with_status(200);
        response.set("x-echo", "a\r\nset-cookie: b");
        return response;
    });
    auto client = served.start();

    const auto response = client.get("/bad");

    CHECK(response.status == 500);
    CHECK(response.header("x-echo") == "(none)");
    CHECK(response.header("set-cookie") == "(none)");
    CHECK(client.get("/next").status == 200);
}

TEST_CASE("every request has an id of its own") {
    Awaited<std::vector<std::string>> ids;
    Served served;
    served.handler.on("/id", [&](const Request& request) {
        ids.change([&](auto& all) { all.push_back(request.request_id); });
        return with_status(204);
    });
    auto client = served.start();

    for (int i = 0; i < 3; ++i) CHECK(client.get("/id").status == 204);

    const auto all = ids.get();
    REQUIRE(all.size() == 3);
    CHECK(all[0].size() == 13);
    CHECK(all[0] != all[1]);
    CHECK(all[1] != all[2]);
}

TEST_CASE("an answer may come before the handler is done starting it") {
    Served served;
    served.handler.on("/now", [](const Request&) {
        return Pending{[](const Respond& respond) {
            respond(with_text("now"));
            respond(with_status(500));  // the first answer counts
        }};
    });
    auto client = served.start();

    CHECK(client.get("/now").body == "now");
    CHECK(client.get("/now").body == "now");
}

TEST_CASE("a request that nobody will answer is answered with a 500") {
    Served served;
    served.handler.on("/lost", [](const Request&) { return Pending{[](const Respond&) {}}; });
    auto client = served.start();

    CHECK(client.get("/lost").status == 500);
    CHECK(client.get("/next").status == 200);
}

TEST_CASE("an answer for a client that left, or after the server is gone, is dropped") {
    Awaited<std::vector<Respond>> responds;
    Served served;
    served.handler.on("/wait", [&](const Request&) {
        return Pending{
            [&](Respond respond) { responds.change([&](auto& all) { all.push_back(std::move(respond)); }); }};
    });
    auto client = served.start();
    client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(responds.becomes([](const auto& all) { return all.size() == 1; }));
    auto other = served.connect();
    other.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(responds.becomes([](const auto& all) { return all.size() == 2; }));

    client.reset();
    responds.get()[0](with_status(204));
    CHECK(served.connect().get("/alive").status == 200);
    CHECK_FALSE(served.server->stop(std::chrono::milliseconds(20)));
    served.server.reset();
    responds.get()[1](with_status(204));

    CHECK(other.is_closed());
}

TEST_CASE("a server serves several addresses on one port") {
    Served served;
    auto options = on_any_port();
    options.addresses = {"127.0.0.1", "127.0.0.2"};

    CHECK(served.start(options).get("/").status == 200);
}

TEST_CASE("an address that is taken is named in the error") {
    Served served;
    auto client = served.start();
    auto options = on_any_port();
    options.port = served.server->port();
    HttpServer second(served.handler, options);

    CHECK_THROWS_WITH_AS(second.start(), doctest::Contains(std::to_string(options.port).c_str()), std::system_error);
    CHECK(second.stop(std::chrono::milliseconds(0)));
}

TEST_CASE("an address that is none is named in the error") {
    Served served;
    auto options = on_any_port();
    options.addresses = {"localhost.invalid"};
    HttpServer server(served.handler, options);

    CHECK_THROWS_WITH_AS(server.start(), doctest::Contains("localhost.invalid"), std::system_error);
}
