#include "http/admission.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace foldback::server::http;

namespace {

PeerKey v6(std::uint8_t network, std::uint8_t host) {
    return peer_of_v6({0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, network, 0, 0, 0, 0, 0, 0, 0, host});
}

}  // namespace

TEST_CASE("an IPv6 address counts as its network, a mapped one as the IPv4 address it is") {
    CHECK(v6(1, 1) == v6(1, 2));
    CHECK_FALSE(v6(1, 1) == v6(2, 1));
    CHECK(peer_of_v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 192, 0, 2, 1}) == peer_of_v4({192, 0, 2, 1}));
    CHECK_FALSE(peer_of_v4({192, 0, 2, 1}) == peer_of_v4({192, 0, 2, 2}));
}

TEST_CASE("the loopback is known in all its spellings") {
    CHECK(peer_of_v4({127, 0, 0, 1}).loopback);
    CHECK(peer_of_v4({127, 1, 2, 3}).loopback);
    CHECK(peer_of_v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}).loopback);
    CHECK(peer_of_v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 127, 0, 0, 1}).loopback);
    CHECK_FALSE(peer_of_v4({10, 0, 0, 1}).loopback);
    CHECK_FALSE(v6(1, 1).loopback);
}

TEST_CASE("places are given up to both limits, and again when they come back") {
    Admission admission({.connections = 3, .per_address = 2, .limit_loopback = false});
    const auto greedy = peer_of_v4({10, 0, 0, 1});
    std::vector<Admission::Seat> seats;
    for (int i = 0; i < 2; ++i) seats.push_back(std::move(*admission.enter(greedy)));

    CHECK_FALSE(admission.enter(greedy));
    seats.push_back(std::move(*admission.enter(peer_of_v4({10, 0, 0, 2}))));
    CHECK_FALSE(admission.enter(peer_of_v4({10, 0, 0, 3})));
    CHECK(admission.connections() == 3);

    seats.pop_back();
    CHECK_FALSE(admission.enter(greedy));
    seats.pop_back();
    CHECK(admission.enter(greedy));
}

TEST_CASE("waiting for everybody to leave ends with the last one, or at the deadline") {
    Admission admission({});
    const auto now = std::chrono::steady_clock::now();
    {
        const auto seat = admission.enter(peer_of_v4({127, 0, 0, 1}));
        CHECK_FALSE(admission.wait_until_empty(now));
    }

    CHECK(admission.wait_until_empty(now));
}
