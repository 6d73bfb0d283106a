#include <doctest/doctest.h>

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "server/http/served.hpp"

using namespace foldback::server;
using namespace foldback::server::testing;

/// Many connections that want nothing but our time (fault row A1).
namespace {

/// As many as row A1 asks for, or as many as this process may open both ends of.
std::size_t flood_size() {
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
    return static_cast<std::size_t>(std::min<rlim_t>(2'000, limit.rlim_cur / 2 - 100));
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t allowed_bytes = std::size_t{500} << 20;  // a sanitizer remembers several times what it watches
#else
constexpr std::size_t allowed_bytes = std::size_t{100} << 20;
#endif

std::size_t resident_bytes() {
    std::size_t all = 0;
    std::size_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Sends requests, several at a time, until told to stop.
void keep_asking(RawClient& client, const std::atomic<bool>& enough) {
    constexpr int pipelined = 16;
    std::string requests;
    for (int i = 0; i < pipelined; ++i) requests += "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
    while (!enough) {
        client.send(requests);
        for (int i = 0; i < pipelined; ++i) REQUIRE(client.receive().status == 200);
    }
}

}  // namespace

TEST_CASE("connections whose time is over all at once are refused a few at a time, and others served in between") {
    constexpr std::chrono::milliseconds header_timeout{2'000};
    const auto count = flood_size();
    Served served;
    std::chrono::steady_clock::time_point all_late;
    std::set<std::size_t> open_connections;  // as the good client's requests found them; the server's thread only
    served.handler.on("/slow", [&](const Request&) {
        std::this_thread::sleep_until(all_late);  // so that nobody was refused before all have to be
        return with_text("slow");
    });
    served.handler.on("/good", [&](const Request&) {
        open_connections.insert(served.server->connections());
        return with_text("good");
    });
    auto options = on_any_port();
    options.threads = 1;
    options.header_timeout = header_timeout;
    options.linger_timeout = std::chrono::milliseconds(0);
    auto good = served.start(options);
    const auto memory_before = resident_bytes();

    std::vector<RawClient> flood;
    while (flood.size() < count) flood.push_back(served.connect());
    for (auto& client : flood) client.send("GET / HTTP/1.1\r\nHost: a\r\nX");
    const auto give_up = std::chrono::steady_clock::now() + patience;
    while (served.server->connections() <= count && std::chrono::steady_clock::now() < give_up) {
        REQUIRE(good.get("/").status == 200);
    }
    REQUIRE(good.get("/").status == 200);  // by now the server has what all of them sent
    CHECK(served.server->connections() == count + 1);
    CHECK(resident_bytes() < memory_before + allowed_bytes);
    all_late = std::chrono::steady_clock::now() + header_timeout;
    good.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(good.receive().status == 200);
    std::atomic<bool> enough = false;
    std::thread asking([&] { keep_asking(good, enough); });
    std::size_t refused = 0;
    for (auto& client : flood) refused += client.receive_all().starts_with("HTTP/1.1 408 ") ? 1 : 0;
    const auto give_up_again = std::chrono::steady_clock::now() + patience;
    while (served.server->connections() > 1 && std::chrono::steady_clock::now() < give_up_again) {
        std::this_thread::yield();
    }
    enough = true;
    asking.join();

    CHECK(refused == count);
    CHECK(good.get("/").status == 200);
    CHECK(served.server->connections() == 1);
    open_connections.erase(1);
    open_connections.erase(count + 1);
    CHECK(open_connections.size() >= 5);
}
