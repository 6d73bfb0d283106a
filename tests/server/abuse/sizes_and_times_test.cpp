#include <doctest/doctest.h>

#include "server/abuse/strict_reply.hpp"
#include "server/http/served.hpp"

using namespace foldback::server;
using namespace foldback::server::testing;

/// What is too large, too slow or too much (rows A1, A2, A3, A7, A8 and A9 of the abuse table).
namespace {

using std::chrono::milliseconds;

std::string repeated(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all += text;
    return all;
}

/// The statuses of all replies.
std::string statuses(RawClient& client, const std::vector<std::size_t>& heads = {}) {
    std::string all;
    for (const auto& reply : parse_strictly(client.receive_all(), heads)) all += std::to_string(reply.status) + " ";
    return all;
}

std::string after_sending(Served& served, const std::string& bytes) {
    auto client = served.connect();
    client.try_send(bytes);
    return statuses(client);
}

}  // namespace

TEST_CASE("what is larger than the limits is refused without being read to its end") {
    Served served;
    (void)served.start();
    const std::string get = "GET /first HTTP/1.1\r\nHost: a\r\n";
    const std::string chunks = "POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

    CHECK(after_sending(served, "GET /" + std::string(1 << 20, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n") == "414 ");
    CHECK(after_sending(served, "GET /" + std::string(8 << 10, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n") == "414 ");
    CHECK(after_sending(served, std::string(1 << 20, 'G')) == "414 ");
    CHECK(after_sending(served, get + "X: " + std::string(16 << 10, 'a') + "\r\n\r\n") == "431 ");
    CHECK(after_sending(served, get + std::string(1 << 20, 'X') + ": a\r\n\r\n") == "431 ");
    CHECK(after_sending(served, get + repeated("X: y\r\n", 100) + "\r\n") == "431 ");
    CHECK(after_sending(served, get + repeated("X: yyyyyyyyyyyyyyyyyyyy\r\n", 200'000) + "\r\n") == "431 ");
    CHECK(after_sending(served, chunks + "1;" + std::string(4 << 20, 'e') + "\r\nx\r\n0\r\n\r\n") == "400 ");
    CHECK(after_sending(served, chunks + "0\r\n" + repeated("X: yyyyyyyyyyyyyyyyyyyy\r\n", 100'000) + "\r\n") ==
          "400 ");
    CHECK(after_sending(served, chunks + repeated("1\r\nx\r\n", 200'000) + "0\r\n\r\n") == "400 ");
    CHECK(after_sending(served, chunks + "800001\r\n") == "413 ");
    CHECK(after_sending(served, chunks + "FFFFFFFFFFFFFFFF\r\n") == "413 ");
    CHECK(after_sending(served, "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 8388609\r\n\r\n") == "413 ");
    CHECK(after_sending(served, "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n") ==
          "413 ");
    CHECK(served.handler.handled().empty());
}

TEST_CASE("a body that nobody wants is refused before it is asked for") {
    Served served;
    served.handler.refuse("/unwanted", 404);
    (void)served.start();
    const auto expecting = [&](const std::string& target, const std::string& length) {
        auto client = served.connect();
        client.send("POST " + target + " HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + length + "\r\n\r\n");
        if (target == "/first" && length == "Content-Length: 5") {
            CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
            client.send("hello");
            client.finish_sending();
        }
        return statuses(client);
    };

    CHECK(expecting("/first", "Content-Length: 1000000000") == "413 ");
    CHECK(expecting("/first", "Content-Length: 9223372036854775807") == "413 ");
    CHECK(expecting("/unwanted", "Content-Length: 5") == "404 ");
    CHECK(expecting("/unwanted", "Transfer-Encoding: chunked") == "404 ");
    CHECK(expecting("/first", "Content-Length: 5") == "200 ");
}

TEST_CASE("whoever is slower than the deadlines is told so and let go") {
    auto options = on_any_port();
    options.header_timeout = milliseconds(150);
    options.idle_timeout = milliseconds(300);
    options.body_grace = milliseconds(150);
    options.linger_timeout = milliseconds(0);
    Served served;
    (void)served.start(options);
    const std::string head = "POST /first HTTP/1.1\r\nHost: a\r\n";

    CHECK(after_sending(served, "") == "");
    CHECK(after_sending(served, "G") == "408 ");
    CHECK(after_sending(served, "\r\n") == "408 ");
    CHECK(after_sending(served, head) == "408 ");
    CHECK(after_sending(served, head + "Content-Length: 5\r\n\r\nhell") == "408 ");
    CHECK(after_sending(served, head + "Content-Length: 5\r\n\r\n") == "408 ");
    CHECK(after_sending(served, head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhell") == "408 ");
    CHECK(after_sending(served, head + "Transfer-Encoding: chunked\r\n\r\n") == "408 ");
    CHECK(after_sending(served, "GET /first HTTP/1.1\r\nHost: a\r\n\r\nG") == "200 408 ");
    CHECK(after_sending(served, "GET /first HTTP/1.1\r\nHost: a\r\n\r\n") == "200 ");
    CHECK(served.handler.handled().size() == 2);
}

TEST_CASE("a thousand requests behind a waiting one are answered in order, and none before it") {
    constexpr std::size_t count = 1'000;
    Topic topic;
    Awaited<std::optional<std::string>> message;
    Served served;
    served.handler.on("/wait", [&](const Request&) {
        return std::unique_ptr<LongPoll>(std::make_unique<MessagePoll>(topic, message));
    });
    auto client = served.start();
    std::string requests = "GET /wait HTTP/1.1\r\nHost: a\r\n\r\n";
    for (std::size_t i = 0; i < count; ++i) requests += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    std::thread sending([&] {
        client.try_send(requests);
        client.finish_sending();
    });
    REQUIRE(topic.is_watched_anew(1));
    CHECK(served.handler.handled().size() == 1);
    message.change([](auto& text) { text = "at last"; });
    topic.ring();
    const auto replies = parse_strictly(client.receive_all());
    sending.join();

    REQUIRE(replies.size() == count + 1);
    CHECK(replies.front().body == "at last");
    for (std::size_t i = 0; i < count; ++i) CHECK(replies[i + 1].body == "/" + std::to_string(i) + " ");
}

TEST_CASE("what follows a request for events is not executed: the connection ends with them") {
    Topic topic;
    Served served;
    bool sent = false;
    served.handler.on("/events", [&](const Request&) {
        auto next = [&] {
            return EventStream::Step{.bytes = sent ? "" : "data: x\n\n", .finished = std::exchange(sent, true)};
        };
        return std::unique_ptr<EventStream>(std::make_unique<ScriptedEvents>(topic, next, [] { return true; }));
    });
    auto client = served.start();
    client.send(
        "GET /events HTTP/1.1\r\nHost: a\r\n\r\nPOST /canary HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    const auto replies = parse_strictly(client.receive_all());

    REQUIRE(replies.size() == 1);
    CHECK(replies.front().body == "data: x\n\n");
    CHECK(served.handler.handled() == std::vector<std::string>{"/events"});
}

TEST_CASE("answers without a body have none, and the next one begins where they end") {
    Served served;
    for (const unsigned status : {200U, 204U, 304U, 404U}) {
        served.handler.on("/" + std::to_string(status), [status](const Request&) {
            auto response = with_text("a body");
            response.status = status;
            return response;
        });
    }
    auto client = served.start();
    std::string requests;
    std::vector<std::size_t> heads;
    for (const auto* method : {"HEAD", "GET"}) {
        for (const auto* target : {"/200", "/204", "/304", "/404"}) {
            if (*method == 'H') heads.push_back(heads.size());
            requests += std::string(method) + " " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
        }
    }
    client.send(requests + "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    CHECK(statuses(client, heads) == "200 204 304 404 200 204 304 404 200 ");
}
