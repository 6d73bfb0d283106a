#include "foldback/server/http_server.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "server/http/served.hpp"

using namespace foldback::server;
using namespace foldback::server::testing;

namespace {

constexpr std::string_view poll_request = "GET /poll HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view events_request = "GET /events HTTP/1.1\r\nHost: a\r\n\r\n";

/// A handler with a long-poll and an event stream over one topic.
struct Live : Served {
    Topic topic;
    Awaited<std::optional<std::string>> message;
    Awaited<std::vector<EventStream::Step>> steps;

    explicit Live(std::chrono::milliseconds limit = patience) {
        handler.on("/poll",
                   [this, limit](const Request&) { return std::make_unique<MessagePoll>(topic, message, limit); });
        handler.on("/events", [this, limit](const Request&) {
            const auto has_next = [this] { return !steps.get().empty(); };
            return std::make_unique<ScriptedEvents>(
                topic, [this] { return next_step(); }, has_next, limit);
        });
    }
    ~Live() { server.reset(); }  // its threads use what is below

    EventStream::Step next_step() {
        EventStream::Step step;
        steps.change([&](auto& all) {
            if (all.empty()) return;
            step = std::move(all.front());
            all.erase(all.begin());
        });
        return step;
    }
    void publish(std::string text) {
        message.change([&](auto& value) { value = std::move(text); });
        topic.ring();
    }
    void emit(std::string bytes, bool finished = false) {
        steps.change([&](auto& all) { all.push_back({.bytes = std::move(bytes), .finished = finished}); });
        topic.ring();
    }
};

}  // namespace

TEST_CASE("a long-poll answers when there is something to say") {
    Live live;
    auto client = live.start();

    client.send(poll_request);
    REQUIRE(live.topic.is_watched_by(1));
    live.topic.ring();  // for nothing: it looks once and watches on
    REQUIRE(live.topic.is_watched_anew(2));
    for (auto other = live.connect(); live.handler.handled().size() < 50;) CHECK(other.get("/").status == 200);
    CHECK(live.topic.watches() == 2);
    live.publish("news");

    CHECK(client.receive().body == "news");
    CHECK(live.topic.is_watched_by(0));
    CHECK(client.get("/next").status == 200);
}

TEST_CASE("a long-poll that has something to say at once does not wait") {
    Live live;
    auto client = live.start();
    live.publish("old news");

    client.send(poll_request);

    CHECK(client.receive().body == "old news");
}

TEST_CASE("a long-poll expires at its timeout") {
    Live live(std::chrono::milliseconds(30));
    auto client = live.start();

    for (int i = 0; i < 3; ++i) {
        client.send(poll_request);
        const auto response = client.receive();
        CHECK(response.status == 204);
        CHECK(response.keep_alive);
    }
    CHECK(live.topic.is_watched_by(0));
}

TEST_CASE("a long-poll's watch ends when its client goes") {
    Live live;
    auto closing = live.start();
    auto finishing = live.connect();
    auto resetting = live.connect();
    for (auto* client : {&closing, &finishing, &resetting}) client->send(poll_request);
    REQUIRE(live.topic.is_watched_by(3));

    closing.disconnect();
    CHECK(live.topic.is_watched_by(2));
    finishing.finish_sending();
    CHECK(live.topic.is_watched_by(1));
    resetting.reset();
    CHECK(live.topic.is_watched_by(0));
}

TEST_CASE("requests behind a long-poll wait for it, and are answered in order") {
    Live live;
    auto client = live.start();
    std::string requests(poll_request);
    for (int i = 0; i < 1000; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";

    client.send(requests);
    REQUIRE(live.topic.is_watched_by(1));
    CHECK(live.handler.handled().size() == 1);
    live.publish("first");

    CHECK(client.receive().body == "first");
    for (int i = 0; i < 1000; ++i) CHECK(client.receive().body == "/" + std::to_string(i) + " ");
}

TEST_CASE("a client that goes is noticed even behind more input than the server takes ahead") {
    Live live;
    auto options = on_any_port();
    options.max_pipelined_bytes = 100;
    auto client = live.start(options);
    std::string requests(poll_request);
    for (int i = 0; i < 100; ++i) requests += poll_request;

    client.send(requests);
    REQUIRE(live.topic.is_watched_by(1));
    client.disconnect();

    CHECK(live.topic.is_watched_by(0));
    CHECK(live.handler.handled().size() == 1);
}

TEST_CASE("an event stream sends its events as chunks, each at once, and ends with the stream") {
    Live live;
    auto client = live.start();

    client.send(events_request);
    const auto head = client.receive_until("\r\n\r\n");
    CHECK(head.find("content-type: text/event-stream\r\n") != std::string::npos);
    CHECK(head.find("transfer-encoding: chunked\r\n") != std::string::npos);
    CHECK(head.find("content-length") == std::string::npos);
    live.emit("data: 1\n\n");
    CHECK(client.receive_until("\r\n") == "9\r\n");
    CHECK(client.receive_bytes(11) == "data: 1\n\n\r\n");
    live.emit("data: 2\n\n", true);

    CHECK(client.receive_all() == "9\r\ndata: 2\n\n\r\n0\r\n\r\n");
    CHECK(live.topic.is_watched_by(0));
}

TEST_CASE("an event stream to HTTP/1.0 is ended by closing") {
    Live live;
    auto client = live.start();
    live.emit("data: 1\n\n");
    live.emit("data: 2\n\n", true);

    client.send("GET /events HTTP/1.0\r\n\r\n");

    CHECK(client.receive_until("\r\n\r\n").find("transfer-encoding") == std::string::npos);
    CHECK(client.receive_all() == "data: 1\n\ndata: 2\n\n");
}

TEST_CASE("an event stream that is finished at once is a whole response") {
    Live live;
    auto client = live.start();
    live.emit("", true);

    client.send(events_request);
    const auto response = client.receive();

    CHECK(response.chunked);
    CHECK(response.body.empty());
    CHECK(client.is_closed());
}

TEST_CASE("an event stream ends cleanly after its lifetime") {
    Live live(std::chrono::milliseconds(30));
    auto client = live.start();
    live.emit("data: 1\n\n");

    client.send(events_request);
    const auto response = client.receive();

    CHECK(response.body == "data: 1\n\n");
    CHECK(client.is_closed());
}

TEST_CASE("an event stream's watch ends when its client goes") {
    Live live;
    auto client = live.start();
    client.send(events_request);
    REQUIRE(live.topic.is_watched_by(1));

    client.disconnect();

    CHECK(live.topic.is_watched_by(0));
}

TEST_CASE("a request behind an event stream is never executed") {
    Live live;
    auto client = live.start();
    client.send(std::string(events_request) + "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    REQUIRE(live.topic.is_watched_by(1));

    live.emit("data: 1\n\n", true);

    CHECK(client.receive().body == "data: 1\n\n");
    CHECK(client.is_closed());
    CHECK(live.handler.handled() == std::vector<std::string>{"/events"});
}

TEST_CASE("a slow reader of an endless event stream holds a bounded part of it, and is dropped") {
    constexpr std::size_t step_bytes = 8 << 10;
    Topic topic;
    std::atomic<std::size_t> produced = 0;
    Awaited<int> alive;
    Served served;
    struct Lifetime {
        Awaited<int>& alive;
        explicit Lifetime(Awaited<int>& count) : alive(count) {
            alive.change([](int& n) { ++n; });
        }
        ~Lifetime() {
            alive.change([](int& n) { --n; });
        }
    };
    served.handler.on("/endless", [&](const Request&) {
        const auto next = [&, life = std::make_shared<Lifetime>(alive)] {
            produced += step_bytes;
            return EventStream::Step{.bytes = std::string(step_bytes, 'x'), .finished = false};
        };
        return std::make_unique<ScriptedEvents>(topic, next, [] { return true; });
    });
    auto options = on_any_port();
    options.event_send_buffer_bytes = 8 << 10;
    options.write_timeout = std::chrono::milliseconds(100);
    auto healthy = served.start(options);
    RawClient slow(served.server->port(), 8 << 10);

    slow.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(alive.becomes([](int n) { return n == 1; }));
    CHECK(healthy.get("/").status == 200);
    CHECK(alive.becomes([](int n) { return n == 0; }));

    CHECK(produced < (128 << 10));
    CHECK(healthy.get("/").status == 200);
}

TEST_CASE("many waiting clients are all told, by one thread that answers and another that rings") {
    Worker worker;
    Live live;
    live.handler.on("/later", [&](const Request& request) {
        return Pending{[&, body = request.body](Respond respond) {
            worker.give([respond = std::move(respond), body] { respond(with_text(body)); });
        }};
    });
    auto first = live.start();
    std::vector<RawClient> pollers;
    std::vector<RawClient> writers;
    for (int i = 0; i < 30; ++i) {
        pollers.push_back(live.connect());
        pollers.back().send(poll_request);
        writers.push_back(live.connect());
    }
    REQUIRE(live.topic.is_watched_by(30));

    for (int round = 0; round < 20; ++round) {
        for (auto& writer : writers) writer.send("POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok");
        for (auto& writer : writers) CHECK(writer.receive().body == "ok");
    }
    live.publish("all");

    for (auto& poller : pollers) CHECK(poller.receive().body == "all");
    CHECK(live.topic.is_watched_by(0));
}
