#include "subscriptions/configuration.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace foldback::server::subscriptions;
using nlohmann::json;

namespace {

const json webhook{{"type", "webhook"}, {"pattern", "events/*"}, {"webhook", {{"url", "https://example.com/x"}}}};

Checked<Configuration> parse(const json& body) { return parse_configuration(body.dump(), LocalWebhooks::refused); }

json with(json body, const char* name, const json& value) {
    body[name] = value;
    return body;
}

}  // namespace

TEST_SUITE("configuration") {
    TEST_CASE("a configuration has the protocol's defaults") {
        const auto parsed = parse(webhook);

        REQUIRE(parsed.has_value());
        CHECK(parsed->lease_ttl_ms == 30'000);
        CHECK(parsed->pattern == "events/*");
        CHECK(!parsed->description);
    }

    TEST_CASE("configurations that say the same in other words have the same hash") {
        const auto hash = [](const json& body) { return hash_of(*parse(body)); };
        auto base = with(webhook, "streams", {"b", "a"});

        CHECK(hash(base) == hash(with(base, "streams", {"/a/", "b", "a"})));
        CHECK(hash(base) == hash(with(base, "lease_ttl_ms", 30'000)));
        CHECK(hash(base) == hash(with(base, "description", nullptr)));
        CHECK(hash(base) == hash(with(base, "unknown", 1)));
        CHECK(hash(base) == hash(with(base, "wake_stream", "w")));
        CHECK(hash(base) != hash(with(base, "streams", {"a"})));
        CHECK(hash(base) != hash(with(base, "pattern", "events/**")));
        CHECK(hash(base) != hash(with(base, "lease_ttl_ms", 30'001)));
        CHECK(hash(base) != hash(with(base, "description", "x")));
        CHECK(hash(base) != hash(with(base, "webhook", {{"url", "https://example.com/y"}})));
    }

    TEST_CASE("what is no configuration is refused") {
        const json pull{{"type", "pull-wake"}, {"pattern", "a"}, {"wake_stream", "w"}};
        CHECK(parse(pull).has_value());
        const json refused[] = {with(webhook, "type", "push"),
                                with(webhook, "type", 1),
                                with(webhook, "type", nullptr),
                                with(webhook, "pattern", nullptr),
                                with(webhook, "pattern", 7),
                                with(webhook, "pattern", "a//b"),
                                with(webhook, "pattern", "../x"),
                                with(webhook, "pattern", "__ds/**"),
                                with(webhook, "streams", {"__ds/x"}),
                                with(webhook, "streams", "a"),
                                with(webhook, "streams", {1}),
                                with(webhook, "streams", {""}),
                                with(webhook, "webhook", nullptr),
                                with(webhook, "webhook", "https://example.com"),
                                with(webhook, "webhook", json::object()),
                                with(webhook, "lease_ttl_ms", 999),
                                with(webhook, "lease_ttl_ms", 600'001),
                                with(webhook, "lease_ttl_ms", -1),
                                with(webhook, "lease_ttl_ms", 1'000.5),
                                with(webhook, "lease_ttl_ms", 1e300),
                                with(webhook, "lease_ttl_ms", "1000"),
                                with(webhook, "description", std::string(5'000, 'x')),
                                with(pull, "wake_stream", nullptr),
                                with(pull, "wake_stream", ""),
                                with(pull, "wake_stream", "__ds/x"),
                                json::array(),
                                7};
        for (const auto& body : refused) {
            CAPTURE(body.dump());
            const auto parsed = parse(body);
            REQUIRE(!parsed.has_value());
            CHECK(parsed.error().code == std::string("INVALID_REQUEST"));
        }
        for (const auto* text : {"{", "\xFF", "{\"type\":\"\xFF\"}", "null", "[[[["}) {
            CHECK(!parse_configuration(text, LocalWebhooks::refused).has_value());
        }
        CHECK(!parse_configuration(std::string(1'000'000, '['), LocalWebhooks::refused).has_value());
        json many = json::array();
        for (int i = 0; i < 10'001; ++i) many.push_back("s" + std::to_string(i));
        CHECK(!parse(with(webhook, "streams", many)).has_value());
    }
}
