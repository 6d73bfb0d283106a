#include <doctest/doctest.h>

#include <algorithm>
#include <functional>

#include "subscriptions/commands.hpp"

using namespace foldback::server;
using namespace foldback::server::subscriptions;

namespace {

/// A principal whose rights are a function.
class Somebody final : public Principal {
public:
    explicit Somebody(std::function<bool(Verb, std::string_view)> may) : may_(std::move(may)) {}
    [[nodiscard]] std::string_view id() const noexcept override { return "somebody"; }
    [[nodiscard]] bool may(Verb verb, std::string_view path) const override { return may_(verb, path); }

private:
    std::function<bool(Verb, std::string_view)> may_;
};

bool below_orders(std::string_view path) { return path == "orders" || path.starts_with("orders/"); }

Addressed put(const char* pattern, std::vector<std::string> streams = {}) {
    Put command;
    command.configuration.type = Delivery::pull_wake;
    if (pattern != nullptr) command.configuration.pattern = pattern;
    command.configuration.streams = std::move(streams);
    return {"s", std::move(command)};
}

}  // namespace

TEST_CASE("a subscription follows only what its creator may read and subscribe to") {
    const Somebody orders([](Verb verb, std::string_view path) {
        return (verb == Verb::read || verb == Verb::subscribe) && below_orders(path);
    });
    const Somebody reader([](Verb verb, std::string_view) { return verb == Verb::read; });
    const Somebody one_level([](Verb, std::string_view path) {
        return below_orders(path) && std::count(path.begin(), path.end(), '/') == 1;
    });

    for (const auto* pattern : {"orders/*", "orders/**", "orders/42", "orders/*/events", "orders/**/events"}) {
        CAPTURE(pattern);
        CHECK(may_command(orders, put(pattern)));
        CHECK_FALSE(may_command(reader, put(pattern)));
    }
    for (const auto* pattern : {"**", "*", "*/42", "**/orders", "ordersx/*"}) {
        CAPTURE(pattern);
        CHECK_FALSE(may_command(orders, put(pattern)));
    }
    CHECK(may_command(one_level, put("orders/*")));
    CHECK_FALSE(may_command(one_level, put("orders/**")));
    CHECK(may_command(orders, put(nullptr, {"orders/1", "orders/2"})));
    CHECK_FALSE(may_command(orders, put(nullptr, {"orders/1", "bills/2"})));
    CHECK(may_command(orders, {"s", AddStreams{{"orders/1"}}}));
    CHECK_FALSE(may_command(orders, {"s", AddStreams{{"bills/1"}}}));
    CHECK(may_command(reader, {"s", Delete{}}));
}

TEST_CASE("sending to a URL and appending to a wake stream are rights of their own") {
    auto to_url = put("orders/*");
    std::get<Put>(to_url.command).configuration.webhook_url = "https://example.com";
    auto to_stream = put("orders/*");
    std::get<Put>(to_stream.command).configuration.wake_stream = "wakes";
    const auto without = [](Verb missing) {
        return Somebody([missing](Verb verb, std::string_view) { return verb != missing; });
    };

    CHECK(may_command(without(Verb::admin), to_url));
    CHECK(may_command(without(Verb::admin), to_stream));
    CHECK_FALSE(may_command(without(Verb::webhook), to_url));
    CHECK_FALSE(may_command(without(Verb::append), to_stream));
}

TEST_CASE("callbacks, acks and releases carry the token of their wake, and nothing else does") {
    for (const auto* path : {"s/callback", "s/ack", "s/release"}) CHECK(wants_wake_token(path));
    for (const auto* path : {"", "s", "s/claim", "s/streams", "s/streams/ack", "s/ack/x", "ack", "s/ack/"}) {
        CAPTURE(path);
        CHECK_FALSE(wants_wake_token(path));
    }
}
