#include <doctest/doctest.h>

#include <dlfcn.h>
#include <netdb.h>

#include <atomic>
#include <stop_token>
#include <thread>

#include "foldback/client/client.hpp"
#include "support/eventually.hpp"

namespace {

std::atomic<bool> is_asked{false};
std::atomic<bool> may_answer{false};
std::atomic<bool> has_answered{false};

}  // namespace

/// In this program the name slow.test is looked up for as long as the test wants.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    using Lookup = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto lookup = reinterpret_cast<Lookup>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    if (name == nullptr || std::string_view(name) != "slow.test") return lookup(name, service, hints, found);
    is_asked = true;
    (void)foldback::test::eventually([] { return may_answer.load(); });
    has_answered = true;
    return EAI_AGAIN;
}

namespace foldback::client {

using namespace std::chrono_literals;

TEST_CASE("a call ends in time, and when it is told to stop, while a name is looked up") {
    is_asked = may_answer = has_answered = false;
    ClientOptions options{.retry = {.max_retries = 0}};
    CallOptions call;
    std::stop_source stop;
    std::jthread stopper;
    auto expected = ErrorCode::network;
    SUBCASE("the time to connect") { options.connect_timeout = 30ms; }
    SUBCASE("a deadline") {
        call.deadline = within(30ms);
        expected = ErrorCode::timed_out;
    }
    SUBCASE("a stop request") {
        call.stop = stop.get_token();
        expected = ErrorCode::cancelled;
        stopper = std::jthread([&] {
            (void)test::eventually([] { return is_asked.load(); });
            stop.request_stop();
        });
    }
    const Client client(options);

    const auto head = client.stream("http://slow.test/s").head(call);

    CHECK(head.error().code == expected);
    CHECK_FALSE(has_answered);
    may_answer = true;
}

}  // namespace foldback::client
