#include "foldback/server/http_server.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>
#include <unistd.h>

#include "server/http/served.hpp"

// How many connections a server takes.

using namespace foldback::server;
using namespace foldback::server::testing;

TEST_CASE("connections beyond the limit are turned away until one ends") {
    Served served;
    auto options = on_any_port();
    options.max_connections = 2;
    auto first = served.start(options);
    auto second = served.connect();
    CHECK(first.get("/").status == 200);
    CHECK(second.get("/").status == 200);

    auto third = served.connect();
    CHECK(third.receive().status == 503);
    CHECK(third.is_closed());

    first.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    CHECK(first.receive().status == 200);
    CHECK(first.is_closed());
    unsigned status = 503;
    for (int attempt = 0; attempt < 1000 && status == 503; ++attempt) {  // the place is given back after the close
        auto fourth = served.connect();
        fourth.try_send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        status = fourth.receive().status;
    }
    CHECK(status == 200);
}

TEST_CASE("connections of one address are limited, and the loopback's only when asked") {
    auto options = on_any_port();
    options.max_connections_per_address = 1;
    {
        Served served;
        auto first = served.start(options);
        CHECK(first.get("/").status == 200);
        CHECK(served.connect().get("/").status == 200);
    }
    options.limit_loopback = true;
    Served served;
    auto first = served.start(options);
    CHECK(first.get("/").status == 200);
    CHECK(served.connect().receive().status == 503);
}

TEST_CASE("without file descriptors the server says so once, and goes on when there are some again") {
    Awaited<std::vector<std::string>> reports;
    Served served;
    auto options = on_any_port();
    options.on_error = [&](std::string_view what) { reports.change([&](auto& all) { all.emplace_back(what); }); };
    CHECK(served.start(options).get("/").status == 200);
    CHECK(served.server->stop(patience));
    served.server.emplace(served.handler, options);
    served.server->start();
    rlimit before{};
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
    const auto next_descriptor = dup(0);
    close(next_descriptor);
    rlimit room_for_one = before;
    room_for_one.rlim_cur = static_cast<rlim_t>(next_descriptor) + 1;

    REQUIRE(setrlimit(RLIMIT_NOFILE, &room_for_one) == 0);
    auto client = served.connect();
    const bool reported = reports.becomes([](const auto& all) { return !all.empty(); });
    REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);

    CHECK(reported);
    CHECK(client.get("/").status == 200);
    CHECK(reports.get().size() == 1);
    CHECK(reports.get().front().starts_with("accepting connections is paused: "));
}
