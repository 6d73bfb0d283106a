#include "subscriptions/webhook_url.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <random>
#include <utility>

#include "support/environment.hpp"

using namespace foldback::server::subscriptions;

namespace {

IpAddress address(const std::string& text) {
    IpAddress bytes{};
    in_addr four{};
    if (inet_pton(AF_INET, text.c_str(), &four) == 1) {
        bytes[10] = bytes[11] = 0xFF;
        std::memcpy(bytes.data() + 12, &four, sizeof four);
        return bytes;
    }
    REQUIRE(inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1);
    return bytes;
}

constexpr const char* refused_urls[] = {
    // Not https, or not a URL.
    "", "https://", "https:///path", "https:/example.com", "//example.com/x", "example.com", "ftp://example.com/",
    "file:///etc/passwd", "gopher://example.com/", "javascript:alert(1)", "http://example.com/", "ws://example.com/",
    "https:// example.com/", "https://example.com/a b", "https://example.com/\r\nx: y", "https://example.com/#part",
    "https://example.com\\@10.0.0.1/", "https://ex%61mple.com/", "https://exämple.com/", "https://[::1", "https://[]/",
    // Users, ports.
    "https://user@example.com/", "https://user:secret@example.com/", "https://10.0.0.1@example.com/",
    "https://example.com:0/", "https://example.com:65536/", "https://example.com:x/", "https://example.com:/x:1",
    "https://example.com:-1/", "https://example.com:443x/",
    // Private, shared, link-local, loopback, reserved.
    "https://10.0.0.1/", "https://10.255.255.255/", "https://172.16.0.1/", "https://172.31.255.255/",
    "https://192.168.1.1/", "https://100.64.0.1/", "https://127.0.0.1/", "https://127.8.8.8/", "https://0.0.0.0/",
    "https://169.254.169.254/latest/meta-data/", "https://169.254.170.2/", "https://168.63.129.16/",
    "https://100.100.100.200/", "https://192.0.0.192/", "https://192.0.2.1/", "https://198.18.0.1/",
    "https://198.51.100.7/", "https://203.0.113.9/", "https://224.0.0.1/", "https://239.255.255.250/",
    "https://240.0.0.1/", "https://255.255.255.255/", "https://192.88.99.1/",
    // The same in other spellings.
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://127.1/", "https://0177.0.0.1/",
    "https://017700000001/", "https://10.1/", "https://127.0.0.1./", "https://1.2.3.4.5/", "https://1.2.3/",
    // IPv6.
    "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/",
    "https://[::ffff:a9fe:a9fe]/", "https://[::127.0.0.1]/", "https://[fe80::1]/", "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/", "https://[fd00:ec2::254]/", "https://[ff02::1]/", "https://[2001:db8::1]/",
    "https://[2001::1]/", "https://[2002:7f00:1::]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b:1::1]/",
    "https://[100::1]/", "https://[3fff::1]/", "https://[fec0::1]/",
    // Names of machines and networks.
    "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://a.localhost/", "https://intranet/",
    "https://printer.local/", "https://metadata.google.internal/", "https://db.corp/",
    "https://1.0.0.127.in-addr.arpa/", "https://.example.com/", "https://example..com/"};

std::uint32_t any_private_address(std::mt19937_64& random) {
    constexpr std::pair<std::uint32_t, int> networks[] = {{0x0A000000, 8},  {0x7F000000, 8},  {0xA9FE0000, 16},
                                                          {0xAC100000, 12}, {0xC0A80000, 16}, {0x64400000, 10},
                                                          {0, 8},           {0xE0000000, 4},  {0xF0000000, 4}};
    const auto [network, bits] = networks[random() % std::size(networks)];
    return network | (static_cast<std::uint32_t>(random()) & (0xFFFFFFFFU >> bits));
}

/// An IPv4 address in one of the ways that some reader takes for it.
std::string spelled(std::uint32_t address, std::mt19937_64& random) {
    const std::uint32_t part[] = {address >> 24, address >> 16 & 0xFF, address >> 8 & 0xFF, address & 0xFF};
    const auto how = random() % 9;
    std::array<char, 64> text{};
    const auto print = [&](const char* format, auto... values) {
        std::snprintf(text.data(), text.size(), format, values...);
        return std::string(text.data());
    };
    if (how == 0) return print("%u", address);
    if (how == 1) return print("0x%x", address);
    if (how == 2) return print("0%o", address);
    if (how == 3) return print("%u.%u", part[0], address & 0xFFFFFF);
    if (how == 4) return print("0x%x.%u.0%o.%u", part[0], part[1], part[2], part[3]);
    if (how == 5) return print("[::ffff:%u.%u.%u.%u]", part[0], part[1], part[2], part[3]);
    if (how == 6) return print("[64:ff9b::%x:%x]", address >> 16, address & 0xFFFF);
    if (how == 7) return print("[2002:%x:%x::1]", address >> 16, address & 0xFFFF);
    return print("%u.%u.%u.%u", part[0], part[1], part[2], part[3]);
}

}  // namespace

TEST_SUITE("webhook url") {
    TEST_CASE("a URL that could lead into the server's own network is refused") {
        static_assert(std::size(refused_urls) >= 60);
        for (const auto* url : refused_urls) {
            CAPTURE(url);
            const auto parsed = parse_webhook_url(url, LocalWebhooks::refused);
            CHECK(!parsed.has_value());
            if (!parsed) CHECK(parsed.error().code == std::string("WEBHOOK_URL_REJECTED"));
        }
        CHECK(!parse_webhook_url("https://example.com/" + std::string(3'000, 'x'), LocalWebhooks::refused).has_value());
        MESSAGE(std::size(refused_urls), " refused URLs");
    }

    TEST_CASE("an address that is not public is refused however it is spelled") {
        const auto count = 1'000 * foldback::test::number_from("FOLDBACK_ROUNDS", 1);
        std::mt19937_64 random(foldback::test::number_from("FOLDBACK_SEED", 1));
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto host = spelled(any_private_address(random), random);
            const auto url =
                "https://" + host + (random() % 2 == 0 ? "" : ":" + std::to_string(1 + random() % 65535)) + "/x";
            CAPTURE(url);
            CHECK(!parse_webhook_url(url, LocalWebhooks::refused).has_value());
        }
        MESSAGE(count, " refused URLs");
    }

    TEST_CASE("a URL of the public internet is taken apart") {
        const auto url = parse_webhook_url("https://Hooks.Example.com:8443/a/b?c=d", LocalWebhooks::refused);

        REQUIRE(url.has_value());
        CHECK(url->tls);
        CHECK(url->host == "hooks.example.com");
        CHECK(url->port == 8443);
        CHECK(url->authority == "Hooks.Example.com:8443");
        CHECK(url->target == "/a/b?c=d");
        CHECK(parse_webhook_url("https://example.com", LocalWebhooks::refused)->target == "/");
        CHECK(parse_webhook_url("https://example.com?x", LocalWebhooks::refused)->target == "/?x");
        CHECK(parse_webhook_url("https://8.8.8.8/", LocalWebhooks::refused)->port == 443);
        CHECK(parse_webhook_url("https://[2606:4700::1111]:99/", LocalWebhooks::refused)->host == "2606:4700::1111");
    }

    TEST_CASE("this machine is a receiver in development only, and nothing else becomes one then") {
        for (const auto* url : {"http://localhost:9/x", "http://127.0.0.1:9/x", "http://127.3.2.1/x",
                                "http://[::1]:9/x", "https://localhost/x"}) {
            CAPTURE(url);
            CHECK(!parse_webhook_url(url, LocalWebhooks::refused).has_value());
            const auto parsed = parse_webhook_url(url, LocalWebhooks::allowed);
            REQUIRE(parsed.has_value());
            CHECK(parsed->may_connect_to(address("127.0.0.1")));
            CHECK(!parsed->may_connect_to(address("10.0.0.1")));
            CHECK(!parsed->may_connect_to(address("8.8.8.8")));
        }
        for (const auto* url : {"http://example.com/", "http://10.0.0.1/", "https://192.168.0.1/", "http://0.0.0.0/",
                                "http://[::ffff:10.0.0.1]/", "http://127.1/", "http://localhost.evil.com/"}) {
            CAPTURE(url);
            CHECK(!parse_webhook_url(url, LocalWebhooks::allowed).has_value());
        }
    }

    TEST_CASE("a public name that leads to an address of a private network is not followed") {
        const auto url = parse_webhook_url("https://rebinding.example.com/", LocalWebhooks::allowed);
        REQUIRE(url.has_value());

        CHECK(url->may_connect_to(address("93.184.216.34")));
        CHECK(url->may_connect_to(address("2606:4700::1111")));
        for (const auto* inside :
             {"127.0.0.1", "10.0.0.1", "169.254.169.254", "100.64.1.1", "192.168.0.1", "0.0.0.0", "::1",
              "::ffff:127.0.0.1", "fe80::1", "fd00::1", "64:ff9b::a00:1", "2002:a00:1::", "224.0.0.1", "::"}) {
            CAPTURE(inside);
            CHECK(!url->may_connect_to(address(inside)));
        }
    }

    TEST_CASE("ranges of private addresses end where they end") {
        for (const auto* outside :
             {"9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0",
              "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "192.167.255.255", "192.169.0.0",
              "198.17.255.255", "198.20.0.0", "223.255.255.255", "2001:200::1", "2003::1"}) {
            CAPTURE(outside);
            CHECK(is_public(address(outside)));
        }
    }
}
