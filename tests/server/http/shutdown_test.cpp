#include "foldback/server/http_server.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <system_error>
#include <thread>

#include "server/http/served.hpp"

using namespace foldback::server;
using namespace foldback::server::testing;

namespace {

constexpr std::chrono::milliseconds soon{20};

/// stop() on a thread of its own, because the test has to play the clients meanwhile.
struct Stopping {
    Stopping(HttpServer& server, std::chrono::milliseconds deadline)
        : thread([this, &server, deadline] { finished = server.stop(deadline); }) {}
    bool wait() {
        thread.join();
        return finished;
    }
    std::atomic<bool> finished = false;
    std::thread thread;
};

}  // namespace

TEST_CASE("stopping closes idle connections and accepts no more") {
    Served served;
    auto used = served.start();
    auto unused = served.connect();
    CHECK(used.get("/").status == 200);

    CHECK(served.server->stop(patience));

    CHECK(used.is_closed());
    CHECK(unused.is_closed());
    CHECK(served.server->connections() == 0);
    CHECK_THROWS_AS(served.connect(), std::system_error);
    CHECK(served.server->stop(patience));
}

TEST_CASE("stopping lets a long-poll expire") {
    Topic topic;
    Awaited<std::optional<std::string>> message;
    Served served;
    served.handler.on("/poll", [&](const Request&) { return std::make_unique<MessagePoll>(topic, message); });
    auto options = on_any_port();
    options.linger_timeout = soon;  // the input behind the long-poll is never read
    auto client = served.start(options);
    client.send("GET /poll HTTP/1.1\r\nHost: a\r\n\r\nGET /after HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(topic.is_watched_by(1));

    CHECK(served.server->stop(patience));

    const auto response = client.receive();
    CHECK(response.status == 204);
    CHECK_FALSE(response.keep_alive);
    CHECK(client.is_closed());
    CHECK(served.handler.handled() == std::vector<std::string>{"/poll"});
}

TEST_CASE("stopping ends an event stream with its last chunk") {
    Topic topic;
    Served served;
    served.handler.on("/events", [&](const Request&) {
        const auto next = [n = 0]() mutable {
            return EventStream::Step{.bytes = n++ < 2 ? "data: 1\n\n" : "", .finished = false};
        };
        return std::make_unique<ScriptedEvents>(topic, next, [] { return false; });
    });
    auto client = served.start();
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(topic.is_watched_by(1));

    CHECK(served.server->stop(patience));

    CHECK(client.receive().body == "data: 1\n\ndata: 1\n\n");
    CHECK(client.is_closed());
}

TEST_CASE("stopping waits for requests that are being served") {
    Awaited<std::vector<Respond>> responds;
    Served served;
    served.handler.on("/write", [&](const Request&) {
        return Pending{
            [&](Respond respond) { responds.change([&](auto& all) { all.push_back(std::move(respond)); }); }};
    });
    auto client = served.start();
    auto idle = served.connect();
    auto sending = served.connect();
    client.send("GET /write HTTP/1.1\r\nHost: a\r\n\r\n");
    sending.send("POST /write HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    CHECK(sending.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    REQUIRE(responds.becomes([](const auto& all) { return all.size() == 1; }));

    Stopping stopping(*served.server, patience);
    CHECK(idle.is_closed());
    sending.send("hello");
    REQUIRE(responds.becomes([](const auto& all) { return all.size() == 2; }));
    for (const auto& respond : responds.get()) respond(with_status(204));

    CHECK(client.receive().status == 204);
    CHECK(client.is_closed());
    CHECK(sending.receive().status == 204);
    CHECK(stopping.wait());
}

TEST_CASE("stopping cuts what is not finished by the deadline, and says so") {
    Awaited<std::vector<Respond>> responds;
    Served served;
    served.handler.on("/write", [&](const Request&) {
        return Pending{
            [&](Respond respond) { responds.change([&](auto& all) { all.push_back(std::move(respond)); }); }};
    });
    auto half_sent = served.start();
    half_sent.send("GET / HT");
    auto waiting = served.connect();
    waiting.send("GET /write HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(responds.becomes([](const auto& all) { return all.size() == 1; }));

    CHECK_FALSE(served.server->stop(soon));

    CHECK(half_sent.is_closed());
    CHECK(waiting.is_closed());
    CHECK(served.server->connections() == 0);
}

TEST_CASE("a server that was never started can be stopped") {
    ScriptedHandler handler;
    HttpServer server(handler, on_any_port());

    CHECK(server.stop(soon));
}

TEST_CASE("a server may be stopped from several threads while it is busy") {
    Worker worker;
    Served served;
    served.handler.on("/later", [&](const Request&) {
        return Pending{
            [&](Respond respond) { worker.give([respond = std::move(respond)] { respond(with_status(204)); }); }};
    });
    auto first = served.start();
    std::vector<std::thread> clients;
    std::atomic<int> answered = 0;
    for (int i = 0; i < 4; ++i) {
        clients.emplace_back([&, client = std::make_shared<RawClient>(served.connect())] {
            try {
                while (true) {
                    const auto keep = client->get(answered % 2 == 0 ? "/later" : "/now").keep_alive;
                    ++answered;
                    if (!keep) return;
                }
            } catch (const std::exception&) {  // the server closed: that is the point
            }
        });
    }
    REQUIRE(served.handler.handles(100));

    Stopping one(*served.server, patience);
    Stopping two(*served.server, patience);

    CHECK(one.wait());
    CHECK(two.wait());
    for (auto& client : clients) client.join();
    CHECK(answered > 0);
}
