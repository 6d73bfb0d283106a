#include "foldback/server/subscriptions.hpp"

#include <condition_variable>
#include <future>
#include <mutex>

#include <nlohmann/json.hpp>

#include "foldback/server/principal.hpp"
#include "foldback/store/log_store.hpp"
#include "receiver.hpp"

using namespace foldback;
using namespace foldback::server;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

/// The whole surface over a store in memory, with its threads.
struct Surface {
    Surface() { subscriptions.start(); }

    Response call(Method method, const std::string& target, const std::string& body = {},
                  std::vector<std::pair<std::string, std::string>> headers = {}) {
        headers.emplace_back("host", "localhost:4437");
        headers.emplace_back("content-type", "application/json");
        auto reply = api.handle(
            {.method = method, .target = "/v1/stream/" + target, .headers = std::move(headers), .body = body});
        if (auto* response = std::get_if<Response>(&reply)) return std::move(*response);
        std::promise<Response> answered;
        std::get<Pending>(reply).start([&](Response response) { answered.set_value(std::move(response)); });
        return answered.get_future().get();
    }

    std::unique_ptr<LogStore> store = LogStore::in_memory();
    Subscriptions subscriptions{*store, {.allow_local_webhooks = true}, system_clock()};
    Api api{*store, {}, system_clock(), &subscriptions};
};

template <class Condition>
void eventually(const Condition& condition) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        REQUIRE(std::chrono::steady_clock::now() < until);
        std::this_thread::sleep_for(1ms);
    }
}

std::string header(const Response& response, const std::string& name) {
    for (const auto& [key, value] : response.headers) {
        if (key == name) return value;
    }
    return {};
}

}  // namespace

TEST_SUITE("subscriptions") {
    TEST_CASE("an append reaches a receiver, whose answer is acknowledged") {
        Surface surface;
        Receiver receiver(answering(reply("200 OK", R"({"done":true})")));
        const json subscription{{"type", "webhook"}, {"pattern", "events/*"}, {"webhook", {{"url", receiver.url()}}}};
        CHECK(surface.call(Method::put, "__ds/subscriptions/s", subscription.dump()).status == 201);
        CHECK(surface.call(Method::put, "events/a", "[1,2,3]").status == 201);
        const auto tail = header(surface.call(Method::head, "events/a"), "stream-next-offset");

        eventually([&] {
            const auto got = json::parse(surface.call(Method::get, "__ds/subscriptions/s").text);
            return got["streams"].size() == 1 && got["streams"][0]["acked_offset"] == tail;
        });
        CHECK(receiver.connections() == 1);
    }

    TEST_CASE("every append wakes in the end, while others append and subscriptions come and go") {
        Surface surface;
        Receiver receiver(answering(reply("200 OK", R"({"done":true})")));
        Receiver dead([](int) {});
        const json good{{"type", "webhook"}, {"pattern", "events/*"}, {"webhook", {{"url", receiver.url()}}}};
        const json bad{{"type", "webhook"}, {"pattern", "**"}, {"webhook", {{"url", dead.url()}}}};
        surface.call(Method::put, "__ds/subscriptions/good", good.dump());
        std::vector<std::thread> writers;
        for (int writer = 0; writer < 4; ++writer) {
            writers.emplace_back([&, writer] {
                const auto stream = "events/" + std::to_string(writer);
                surface.call(Method::put, stream);
                for (int i = 0; i < 200; ++i) surface.call(Method::post, stream, "[1]");
            });
        }
        for (int i = 0; i < 30; ++i) {
            const auto id = "__ds/subscriptions/bad" + std::to_string(i % 3);
            surface.call(Method::put, id, bad.dump());
            surface.call(i % 2 == 0 ? Method::remove : Method::get, id);
        }
        for (auto& writer : writers) writer.join();

        eventually([&] {
            const auto got = json::parse(surface.call(Method::get, "__ds/subscriptions/good").text);
            if (got["streams"].size() != 4) return false;
            for (const auto& link : got["streams"]) {
                const auto tail = header(surface.call(Method::head, link["path"]), "stream-next-offset");
                if (link["acked_offset"] != tail) return false;
            }
            return true;
        });
    }

    TEST_CASE("appends are acknowledged while no receiver answers, and wait for none") {
        Surface surface;
        Receiver silent([](int descriptor) {
            read_request(descriptor);
            char byte = 0;
            (void)::recv(descriptor, &byte, 1, 0);  // until the server gives up
        });
        for (int i = 0; i < 50; ++i) {
            const json subscription{{"type", "webhook"}, {"pattern", "events/*"}, {"webhook", {{"url", silent.url()}}}};
            REQUIRE(surface.call(Method::put, "__ds/subscriptions/s" + std::to_string(i), subscription.dump()).status ==
                    201);
        }
        surface.call(Method::put, "events/a");
        surface.call(Method::post, "events/a", "[0]");
        eventually([&] { return silent.connections() > 0; });

        const auto began = std::chrono::steady_clock::now();
        for (int i = 0; i < 1'000; ++i) REQUIRE(surface.call(Method::post, "events/a", "[1]").status == 204);
        // Receivers have 30 s: had one of these appends waited for one answer, it would show.
        CHECK(std::chrono::steady_clock::now() - began < 20s);
        const auto stats = surface.subscriptions.stats();
        CHECK(stats.subscriptions == 50);
        CHECK(stats.done + stats.accepted + stats.failed == 0);
        surface.subscriptions.stop();
    }

    TEST_CASE("a principal makes as many subscriptions as its quota allows, also after a restart") {
        struct Tenant final : Principal {
            [[nodiscard]] std::string_view id() const noexcept override { return "ann"; }
            [[nodiscard]] bool may(Verb, std::string_view path) const override {
                return !path.starts_with("__ds/subscriptions/other");
            }
            [[nodiscard]] Quota quota() const noexcept override { return {.subscriptions = 2}; }
        };
        const auto store = LogStore::in_memory();
        const auto put = [](Subscriptions& subscriptions, const std::string& id,
                            std::shared_ptr<const Principal> who = std::make_shared<Tenant>(),
                            Method method = Method::put) {
            Request request{.method = method,
                            .headers = {{"host", "localhost:4437"}},
                            .body = R"({"type":"pull-wake","pattern":"events/*","wake_stream":"wake"})"};
            if (method == Method::remove) request.body.clear();
            request.principal = std::move(who);
            auto reply = subscriptions.handle(std::move(request), "subscriptions/" + id);
            std::promise<Response> answered;
            std::get<Pending>(reply).start([&](Response response) { answered.set_value(std::move(response)); });
            return answered.get_future().get().status;
        };
        {
            Subscriptions subscriptions(*store, {}, system_clock());
            subscriptions.start();
            CHECK(put(subscriptions, "other", nullptr) == 201);
            CHECK(put(subscriptions, "a") == 201);
            CHECK(put(subscriptions, "b") == 201);
            CHECK(put(subscriptions, "c") == 507);
            CHECK(put(subscriptions, "a") == 200);  // it is there
        }
        Subscriptions subscriptions(*store, {}, system_clock());
        subscriptions.start();
        CHECK(put(subscriptions, "c") == 507);
        CHECK(put(subscriptions, "a", std::make_shared<Tenant>(), Method::remove) == 204);
        CHECK(put(subscriptions, "c") == 201);
    }

    TEST_CASE("the right to a subscription is that to its path, whatever is asked of it and however it is written") {
        struct Tenant final : Principal {
            explicit Tenant(std::function<bool(std::string_view)> given) : may_subscribe(std::move(given)) {}
            [[nodiscard]] std::string_view id() const noexcept override { return "ann"; }
            [[nodiscard]] bool may(Verb, std::string_view path) const override { return may_subscribe(path); }
            std::function<bool(std::string_view)> may_subscribe;
        };
        Surface surface;
        const std::string body = R"({"type":"pull-wake","pattern":"events/*","wake_stream":"wake"})";
        for (const auto* id : {"mine", "other"}) {
            REQUIRE(surface.call(Method::put, std::string("__ds/subscriptions/") + id, body).status == 201);
        }
        const auto status = [&](std::shared_ptr<const Principal> who, Method method, const std::string& target) {
            Request request{.method = method,
                            .target = "/v1/stream/__ds/subscriptions/" + target,
                            .headers = {{"host", "localhost:4437"}}};
            request.principal = std::move(who);
            if (method == Method::post) request.body = R"({"worker":"w","streams":["events/a"]})";
            auto reply = surface.api.handle(std::move(request));
            if (auto* response = std::get_if<Response>(&reply)) return response->status;
            std::promise<Response> answered;
            std::get<Pending>(reply).start([&](Response response) { answered.set_value(std::move(response)); });
            return answered.get_future().get().status;
        };
        const auto only_mine = std::make_shared<Tenant>(
            [](std::string_view path) { return path == "__ds/subscriptions/mine" || !path.starts_with("__ds/"); });
        const auto not_other =
            std::make_shared<Tenant>([](std::string_view path) { return path != "__ds/subscriptions/other"; });

        for (const auto& who : {only_mine, not_other}) {
            CHECK(status(who, Method::get, "mine") == 200);
            CHECK(status(who, Method::post, "mine/claim") == 409);
            CHECK(status(who, Method::post, "mine/streams") == 204);
            CHECK(status(who, Method::remove, "mine/streams/events/a") == 204);
            CHECK(status(who, Method::get, "other") == 403);
            for (const std::string target : {"other/claim", "other/claim/", "other/streams", "other/streams/"}) {
                CAPTURE(target);
                CHECK(status(who, Method::post, target) == 403);
            }
            for (const std::string target : {"other", "other/", "other//", "other//claim", "other/streams/events/a"}) {
                CAPTURE(target);
                CHECK(status(who, Method::remove, target) == 403);
            }
        }
        CHECK(surface.call(Method::get, "__ds/subscriptions/other").status == 200);
    }

    TEST_CASE("what was delivered is counted by how it ended") {
        Surface surface;
        Receiver good(answering(reply("200 OK", R"({"done":true})")));
        Receiver later(answering(reply("202 Accepted", "")));
        Receiver bad(answering(reply("500 Oh", "")));
        for (const auto* receiver : {&good, &later, &bad}) {
            const json subscription{
                {"type", "webhook"}, {"pattern", "events/*"}, {"webhook", {{"url", receiver->url()}}}};
            const auto port = receiver->url("").substr(receiver->url("").rfind(':') + 1);
            REQUIRE(surface.call(Method::put, "__ds/subscriptions/s" + port, subscription.dump()).status == 201);
        }
        surface.call(Method::put, "events/a", "[1]");

        eventually([&] {
            const auto stats = surface.subscriptions.stats();
            return stats.done == 1 && stats.accepted == 1 && stats.failed >= 1 && stats.failing == 1;
        });
        const auto info = surface.store->head("events/a").value();
        CHECK(surface.subscriptions.needed_from(info) == Offset{0});
        surface.subscriptions.stop();
        CHECK(surface.subscriptions.stats().subscriptions == 0);  // nobody is there to count
    }

    TEST_CASE("what is reserved is reached by its own requests only") {
        Surface surface;
        Receiver receiver(answering(reply("200 OK", "")));
        const json subscription{{"type", "webhook"}, {"pattern", "**"}, {"webhook", {{"url", receiver.url()}}}};
        REQUIRE(surface.call(Method::put, "__ds/subscriptions/s", subscription.dump()).status == 201);
        surface.call(Method::put, "a", "[1]");
        surface.call(Method::put, "z", "[1]");

        CHECK(surface.call(Method::post, "__ds/subscriptions/s", "[1]").status == 405);
        CHECK(surface.call(Method::head, "__ds/subscriptions/s").status == 405);
        CHECK(surface.call(Method::put, "%5F_ds/subscriptions-cursor").status == 404);
        CHECK(surface.call(Method::get, "__ds/subscriptions-cursor?offset=-1").status == 404);
        CHECK(surface.call(Method::get, "__ds").status == 404);
        CHECK(surface.call(Method::get, "__ds/").status == 404);
        CHECK(
            surface.call(Method::put, "fork", "", {{"stream-forked-from", "/v1/stream/__ds/subscriptions/s"}}).status ==
            400);
        const auto other = [&](const std::string& target) {
            auto reply = surface.api.handle({.method = Method::get, .target = target});
            return std::get<Response>(reply).text;
        };
        for (const auto* target : {"/v1/streams", "/v1/feed", "/v1/streams?limit=1", "/v1/streams?prefix=__ds",
                                   "/v1/feed?prefix=__ds", "/v1/streams?prefix=_&limit=1"}) {
            CAPTURE(target);
            CHECK(other(target).find("__ds") == std::string::npos);
        }
        const auto all = json::parse(other("/v1/streams?limit=2"));
        CHECK(all["streams"].size() == 2);
        CHECK(all["streams"][1]["stream"] == "z");
        CHECK(all["complete"] == true);
    }

    TEST_CASE("the signing keys are published, and kept by caches for minutes") {
        Surface surface;
        const auto response = surface.call(Method::get, "__ds/jwks.json");
        CHECK(response.status == 200);
        CHECK(header(response, "content-type") == "application/jwk-set+json");
        CHECK(header(response, "cache-control") == "public, max-age=300");
        CHECK(json::parse(response.text)["keys"].size() == 1);
        CHECK(surface.call(Method::post, "__ds/jwks.json").status == 405);
    }
}
