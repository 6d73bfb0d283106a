#include "foldback/server/gates.hpp"

#include "access/rate_counter.hpp"
#include "foldback/server/principal.hpp"
#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace std::chrono_literals;

namespace {

/// A gate before the protocol, asked as a connection asks.
struct Gated {
    explicit Gated(BrowserRules rules) : gate(with_browser_rules(std::move(rules), *inner)) {}

    Reply reply(Method method, const std::string& target, Headers headers) {
        Request request;
        request.method = method;
        request.target = target;
        request.headers = std::move(headers);
        if (auto refused = gate->admit(request, std::nullopt)) return std::move(*refused);
        return gate->handle(std::move(request));
    }
    Response call(Headers headers, Method method = Method::get, const std::string& target = "/v1/streams") {
        auto given = reply(method, target, std::move(headers));
        if (auto* pending = std::get_if<Pending>(&given)) return surface.finish(*pending);
        REQUIRE(std::holds_alternative<Response>(given));
        return std::get<Response>(std::move(given));
    }

    Surface surface;
    std::unique_ptr<RequestHandler> inner = handler_of(surface.api);
    std::unique_ptr<RequestHandler> gate;
};

struct Somebody final : Principal {
    explicit Somebody(std::string name) : name_(std::move(name)) {}
    [[nodiscard]] std::string_view id() const noexcept override { return name_; }
    [[nodiscard]] bool may(Verb, std::string_view) const override { return true; }

private:
    std::string name_;
};

}  // namespace

TEST_CASE("on loopback the server is asked by the names of this machine and those that are allowed, and by no others") {
    Gated gated({.allowed_origins = {}, .allowed_hosts = std::vector<std::string>{"Events.example"}});

    for (const auto* host : {"localhost", "localhost:4437", "LOCALHOST", "127.0.0.1:4437", "127.8.9.1", "[::1]:4437",
                             "events.example", "EVENTS.example:443"}) {
        CAPTURE(host);
        CHECK(gated.call({{"host", host}}).status == 200);
    }
    for (const auto* host : {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]", "[::1", "",
                             "127.evil", "events.example.evil", "1270.0.0.1"}) {
        CAPTURE(host);
        const auto response = gated.call({{"host", host}});
        CHECK(response.status == 403);
        CHECK(body(response).find("host-not-allowed") != std::string::npos);
    }
    CHECK(gated.call({}).status == 200);  // HTTP/1.0: no browser
    CHECK(Gated({}).call({{"host", "evil.example"}}).status == 200);
}

TEST_CASE("pages of other origins may not ask, unless they are allowed to") {
    Gated gated({.allowed_origins = {"https://App.example"}});
    const auto status = [&](Headers headers) {
        headers.emplace_back("host", "events.example");
        return gated.call(std::move(headers)).status;
    };

    CHECK(status({{"origin", "https://app.example"}, {"sec-fetch-site", "cross-site"}}) == 200);
    CHECK(status({{"origin", "https://events.example"}}) == 200);
    CHECK(status({{"sec-fetch-site", "same-origin"}}) == 200);
    CHECK(status({{"sec-fetch-site", "none"}}) == 200);
    CHECK(status({{"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}) == 200);
    for (const auto* origin : {"https://evil.example", "http://app.example", "https://app.example:444", "null", "",
                               "https://app.example.evil", "https://evil/https://app.example"}) {
        CAPTURE(origin);
        CHECK(status({{"origin", origin}}) == 403);
    }
    CHECK(status({{"origin", "https://app.example"}, {"origin", "https://evil.example"}}) == 403);
    CHECK(status({{"sec-fetch-site", "cross-site"}}) == 403);
    CHECK(status({{"sec-fetch-site", "same-site"}, {"sec-fetch-mode", "no-cors"}}) == 403);
    CHECK(gated.call({{"host", "a"}, {"sec-fetch-site", "cross-site"}, {"sec-fetch-mode", "navigate"}}, Method::post)
              .status == 403);
}

TEST_CASE(
    "a page of an allowed origin may read every kind of answer, and caches are told that it depends on the origin") {
    Gated gated({.allowed_origins = {"https://app.example"}});
    const Headers from_app{{"origin", "https://app.example"}, {"host", "a"}, {"content-type", "text/plain"}};
    const auto check = [](const Response& response) {
        CHECK(header(response, "access-control-allow-origin") == "https://app.example");
        CHECK(header(response, "access-control-expose-headers").find("Stream-Next-Offset") != std::string::npos);
        CHECK(header(response, "cross-origin-resource-policy") == "cross-origin");
        CHECK(header(response, "vary").find("Origin") != std::string::npos);
    };

    check(gated.call(from_app, Method::put, "/v1/stream/s"));
    check(gated.call(from_app, Method::get, "/v1/stream/s"));
    check(gated.call(from_app, Method::get, "/v1/stream/none"));
    auto events = gated.reply(Method::get, "/v1/stream/s?offset=-1&live=sse", from_app);
    check(std::get<std::unique_ptr<EventStream>>(events)->head());
    auto poll = gated.reply(Method::get, "/v1/stream/s?offset=-1&live=long-poll", from_app);
    check(std::get<std::unique_ptr<LongPoll>>(poll)->expire());
    const auto preflight = gated.call(from_app, Method::options, "/v1/stream/s");
    check(preflight);
    CHECK(header(preflight, "access-control-allow-methods") == "GET, HEAD, PUT, POST, DELETE, OPTIONS");
    CHECK(header(preflight, "access-control-allow-headers").find("Authorization") != std::string::npos);
    const auto without_origin = gated.call({{"host", "a"}});
    CHECK(header(without_origin, "vary").find("Origin") != std::string::npos);
    CHECK_FALSE(has_header(without_origin, "access-control-allow-origin"));
    const auto refused = gated.call({{"host", "a"}, {"origin", "https://evil.example"}}, Method::options);
    CHECK(refused.status == 403);
    CHECK_FALSE(has_header(refused, "access-control-allow-origin"));
}

TEST_CASE("whoever asks more often than the limit allows waits as long as he is told to") {
    access::RateCounter counter({.requests_per_second = 2, .burst = 3});

    for (int i = 0; i < 3; ++i) CHECK(counter.take("ann", 0ms) == 0ms);
    CHECK(counter.take("ann", 0ms) == 500ms);
    CHECK(counter.take("bob", 0ms) == 0ms);
    CHECK(counter.take("ann", 499ms) == 1ms);
    CHECK(counter.take("ann", 500ms) == 0ms);
    CHECK(counter.take("ann", 500ms) == 500ms);
    for (int i = 0; i < 3; ++i) CHECK(counter.take("ann", 1h) == 0ms);
    CHECK(counter.take("ann", 1h) > 0ms);
    CHECK(counter.take("ann", 0ms) > 0ms);  // a clock that goes back gives nothing
}

TEST_CASE("a counter of many forgets those with nothing to lose first") {
    constexpr int idle = 200'000;
    constexpr auto time = 100'000ms;
    access::RateCounter counter({.requests_per_second = 1, .burst = 1000});
    for (int i = 0; i < 1000; ++i) CHECK(counter.take("busy", 0ms) == 0ms);
    for (int i = 0; i < idle; ++i) CHECK(counter.take("idle " + std::to_string(i), i * time / idle) == 0ms);

    for (int i = 0; i < 100; ++i) CHECK(counter.take("busy", time) == 0ms);
    CHECK(counter.take("busy", time) > 0ms);
}

TEST_CASE("requests are counted by network or by principal, and refused with the time to wait") {
    ManualClock clock;
    Surface surface;
    const auto inner = handler_of(surface.api);
    const auto by_peer =
        with_rate_limit({.requests_per_second = 0.25, .burst = 1}, by_network(Loopback::exempt), clock, *inner);
    const auto by_name = with_rate_limit({.requests_per_second = 1, .burst = 1}, by_principal(), clock, *inner);
    const auto from = [](std::uint8_t last, bool is_loopback) {
        Request request;
        Peer peer{.is_loopback = is_loopback};
        peer.network[15] = last;
        request.peer = std::make_shared<Peer>(peer);
        return request;
    };
    const auto of = [](const char* name) {
        Request request;
        request.principal = std::make_shared<Somebody>(name);
        return request;
    };
    const auto status = [](RequestHandler& gate, Request request) {
        const auto refused = gate.admit(request, std::nullopt);
        return refused ? std::to_string(refused->status) + " " + header(*refused, "retry-after") : "let through";
    };

    CHECK(status(*by_peer, from(1, false)) == "let through");
    CHECK(status(*by_peer, from(1, false)) == "429 4");
    CHECK(status(*by_peer, from(2, false)) == "let through");
    for (int i = 0; i < 3; ++i) CHECK(status(*by_peer, from(127, true)) == "let through");
    clock.advance(4s);
    CHECK(status(*by_peer, from(1, false)) == "let through");
    CHECK(status(*by_name, of("ann")) == "let through");
    CHECK(status(*by_name, of("ann")) == "429 1");
    CHECK(status(*by_name, of("bob")) == "let through");
    CHECK(status(*by_name, Request()) == "let through");
}

TEST_CASE("a full store takes no new stream and no data, and everything else goes on") {
    bool streams = true;
    bool data = true;
    Surface surface({.has_room = [&](Growth growth) { return growth == Growth::stream ? streams : data; }});
    surface.put("/v1/stream/a", "text/plain", "x");

    streams = false;
    CHECK(surface.put("/v1/stream/b", "text/plain").status == 507);
    CHECK(surface.put("/v1/stream/b", "", {}, {{"stream-forked-from", "/v1/stream/a"}}).status == 507);
    CHECK(surface.put("/v1/stream/a", "text/plain", "x").status == 200);
    CHECK(surface.post("/v1/stream/a", "text/plain", "y").status == 204);
    streams = true;
    data = false;
    CHECK(surface.put("/v1/stream/b", "text/plain", "x").status == 507);
    CHECK(surface.put("/v1/stream/b", "text/plain").status == 201);
    const auto refused = surface.post("/v1/stream/a", "text/plain", "z");
    CHECK(refused.status == 507);
    CHECK(body(refused).find("\"quota\"") != std::string::npos);
    CHECK(body(surface.get("/v1/stream/a")) == "xy");
    CHECK(surface.close("/v1/stream/a").status == 204);
    CHECK(surface.call(Method::remove, "/v1/stream/a").status == 204);
}
