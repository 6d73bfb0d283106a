#include "subscriptions/engine.hpp"

#include "world.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::subscriptions;
using namespace std::chrono_literals;

TEST_SUITE("subscription engine") {
    TEST_CASE("a webhook is sent for an append, and its done acknowledges what it was about") {
        World world;
        CHECK(world.put_webhook("s").status == 201);
        world.append("events/a");

        const auto webhook = world.take_webhook();
        CHECK(webhook["generation"] == 1);
        CHECK(webhook["callback_url"] == "http://server:1/v1/stream/__ds/subscriptions/s/callback");
        REQUIRE(webhook["streams"].size() == 1);
        CHECK(webhook["streams"][0]["path"] == "events/a");
        CHECK(webhook["streams"][0]["has_pending"] == true);
        CHECK(webhook["streams"][0]["tail_offset"] == world.tail("events/a"));
        world.answer(webhook, Outcome::Kind::done);

        CHECK(world.acked("s", "events/a") == world.tail("events/a"));
        world.pass(1h);
        CHECK(world.surroundings->attempts.empty());
    }

    TEST_CASE("what came after the wake is not acknowledged by its done, but leads to the next wake") {
        World world;
        world.put_webhook("s");
        world.append("events/a");
        const auto first = world.take_webhook();
        const auto seen = world.tail("events/a");
        world.append("events/a");
        world.append("events/b");
        CHECK(world.surroundings->attempts.empty());

        world.answer(first, Outcome::Kind::done);

        CHECK(world.acked("s", "events/a") == seen);
        const auto second = world.take_webhook();
        CHECK(second["generation"] == 2);
        CHECK(second["wake_id"] != first["wake_id"]);
        CHECK(second["streams"].size() == 2);
    }

    TEST_CASE("streams that were there are linked at their tail, streams that come at their beginning") {
        World world;
        world.append("events/old");
        world.append("events/old");
        world.create("events/empty");
        world.put_webhook("s", {{"pattern", "events/**"}, {"streams", {"named", "later"}}});

        CHECK(world.acked("s", "events/old") == world.tail("events/old"));
        CHECK(world.acked("s", "named") == "0000000000000000_0000000000000000");
        CHECK(world.surroundings->attempts.empty());

        world.append("later");
        const auto webhook = world.take_webhook();
        REQUIRE(webhook["streams"].size() == 1);
        CHECK(webhook["streams"][0]["link_type"] == "explicit");
        world.answer(webhook, Outcome::Kind::done);
        world.append("events/empty");
        CHECK(world.take_webhook()["streams"][0]["path"] == "events/empty");
    }

    TEST_CASE("confirming a subscription changes nothing, another configuration is a conflict") {
        World world;
        world.put_webhook("s");
        world.append("events/a");
        const auto wake = world.take_webhook();

        CHECK(world.put_webhook("s").status == 200);
        const auto other = world.put_webhook("s", {{"description", "other"}});
        CHECK(other.status == 409);
        CHECK(other.code() == "SUBSCRIPTION_ALREADY_EXISTS");

        world.answer(wake, Outcome::Kind::done);
        CHECK(world.acked("s", "events/a") == world.tail("events/a"));
    }

    TEST_CASE("a callback acknowledges, keeps the lease, and ends the wake when it is done") {
        World world;
        world.put_webhook("s", {{"lease_ttl_ms", 10'000}});
        world.append("events/a");
        const auto wake = world.take_webhook();
        const std::string token = wake["callback_token"];
        world.answer(wake, Outcome::Kind::accepted);

        for (int i = 0; i < 5; ++i) {
            world.pass(9s);
            CHECK(world.request(Method::post, "s/callback", reference_to(wake), token).body["next_wake"] == false);
        }
        const auto done = world.request(Method::post, "s/callback", all_done(wake), token);
        CHECK(done.status == 200);
        CHECK(done.body == json{{"ok", true}, {"next_wake", false}});
        CHECK(world.acked("s", "events/a") == world.tail("events/a"));

        const auto again = world.request(Method::post, "s/callback", all_done(wake), token);
        CHECK(again.status == 409);
        CHECK(again.code() == "FENCED");
    }

    TEST_CASE("a callback after the end of the lease is fenced and acknowledges nothing") {
        World world;
        world.put_webhook("s", {{"lease_ttl_ms", 1'000}});
        world.append("events/a");
        const auto late = world.take_webhook();
        world.answer(late, Outcome::Kind::accepted);
        const auto before = world.acked("s", "events/a");

        SUBCASE("also when the engine has not noticed the end yet") {
            world.clock.advance(1s);
            CHECK(world.request(Method::post, "s/callback", all_done(late), late["callback_token"]).code() == "FENCED");
            CHECK(world.acked("s", "events/a") == before);
        }
        SUBCASE("when another wake is under way") {
            world.pass(1s);
            const auto next = world.take_webhook();
            CHECK(next["generation"] == 2);
            CHECK(world.request(Method::post, "s/callback", all_done(late), late["callback_token"]).code() == "FENCED");
            CHECK(world.acked("s", "events/a") == before);
            CHECK(world.request(Method::post, "s/callback", all_done(next), next["callback_token"]).status == 200);
        }
        SUBCASE("and so is a webhook's own answer") {
            world.clock.advance(1s);
            world.engine->attempt_ended("s", late["wake_id"], {.kind = Outcome::Kind::done});
            world.settle();
            CHECK(world.acked("s", "events/a") == before);
        }
    }

    TEST_CASE("tokens, generations and wakes of others are refused") {
        World world;
        world.put_webhook("s");
        world.put_webhook("t", {{"description", "other"}});
        world.append("events/a");
        REQUIRE(world.surroundings->attempts.size() == 2);
        const auto s = json::parse(world.surroundings->attempts[0].body);
        const auto t = json::parse(world.surroundings->attempts[1].body);
        REQUIRE(s["subscription_id"] == "s");

        CHECK(world.request(Method::post, "s/callback", all_done(s)).code() == "TOKEN_INVALID");
        CHECK(world.request(Method::post, "s/callback", all_done(s), "x").status == 401);
        CHECK(world.request(Method::post, "s/callback", all_done(s), t["callback_token"]).code() == "TOKEN_INVALID");
        auto wrong = all_done(s);
        wrong["generation"] = 2;
        CHECK(world.request(Method::post, "s/callback", wrong, s["callback_token"]).code() == "FENCED");
        wrong = all_done(s);
        wrong["wake_id"] = t["wake_id"];
        CHECK(world.request(Method::post, "s/callback", wrong, s["callback_token"]).code() == "FENCED");
        CHECK(world.request(Method::post, "s/ack", all_done(s), s["callback_token"]).code() == "INVALID_REQUEST");
        CHECK(world.request(Method::post, "s/callback", all_done(s), s["callback_token"]).status == 200);
    }

    TEST_CASE("without a token for it nobody learns whether a subscription exists, and of what kind") {
        World world;
        world.put_webhook("hook");
        world.put_pull("pull");
        const json body{{"wake_id", "w_1"}, {"generation", 1}, {"done", true}};
        for (const auto* id : {"hook", "pull", "none"}) {
            for (const auto* action : {"callback", "ack", "release"}) {
                const auto path = std::string(id) + "/" + action;
                CAPTURE(path);
                const auto answer = world.request(Method::post, path, body, "1.w_1.9007199254740991.guessed");
                CHECK(answer.status == 401);
                CHECK(answer.code() == "TOKEN_INVALID");
            }
        }
    }

    TEST_CASE("offsets that are not the stream's, go back or lie beyond its tail are refused as a whole") {
        World world;
        world.append("other");
        world.put_webhook("s");
        world.append("events/a");
        world.append("events/a");
        const auto wake = world.take_webhook();
        const std::string token = wake["callback_token"];
        const auto before = world.acked("s", "events/a");
        const auto callback = [&](const std::string& stream, const std::string& offset) {
            auto body = all_done(wake);
            body["acks"].push_back({{"stream", stream}, {"offset", offset}});
            return world.request(Method::post, "s/callback", body, token);
        };
        auto beyond = world.tail("events/a");
        beyond.back() = '9';

        for (const auto& [stream, offset] :
             std::vector<std::pair<std::string, std::string>>{{"events/a", beyond},
                                                              {"events/a", "-1"},
                                                              {"events/a", "now"},
                                                              {"events/a", world.tail("other")},
                                                              {"events/a", before},
                                                              {"other", world.tail("other")},
                                                              {"events/none", beyond}}) {
            const auto& tried_stream = stream;  // clang 14 lets no lambda have a structured binding
            CAPTURE(tried_stream);
            const auto& tried_offset = offset;
            CAPTURE(tried_offset);
            const auto answer = callback(stream, offset);
            CHECK(answer.status == 409);
            CHECK(answer.code() == "INVALID_OFFSET");
            CHECK(world.acked("s", "events/a") == before);
        }
        CHECK(world.request(Method::post, "s/callback", all_done(wake), token).status == 200);
    }

    TEST_CASE("a receiver that fails is tried again later and later, and then heard at once") {
        World world;
        world.put_webhook("s", {{"lease_ttl_ms", 600'000}});
        world.append("events/a");
        auto wake = world.take_webhook();
        for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
            world.answer(wake, Outcome::Kind::failed);
            CHECK(world.request(Method::get, "s").body["status"] == "failed");
            world.pass(wait - 1ms);
            CHECK(world.surroundings->attempts.empty());
            world.pass(1ms);
            wake = world.take_webhook();
        }
        world.answer(wake, Outcome::Kind::done);

        CHECK(world.request(Method::get, "s").body["status"] == "active");
        world.append("events/a");
        CHECK(world.surroundings->attempts.size() == 1);
    }

    TEST_CASE("the wait for a failing receiver outlasts the lease") {
        World world;
        world.put_webhook("s", {{"lease_ttl_ms", 1'000}});
        world.append("events/a");
        for (int i = 0; i < 4; ++i) {
            world.answer(world.take_webhook(), Outcome::Kind::failed);
            world.pass(std::chrono::seconds(1 << i));
        }
        CHECK(world.take_webhook()["generation"] > 1);
    }

    TEST_CASE("a receiver that never answers is cut off at the end of the lease, and waited for") {
        World world;
        world.put_webhook("s", {{"lease_ttl_ms", 5'000}});
        world.append("events/a");
        const auto first = world.take_webhook();

        world.pass(5s);

        CHECK(world.surroundings->cancelled == std::vector<std::string>{"s"});
        CHECK(world.surroundings->attempts.empty());
        world.answer(first, Outcome::Kind::done);
        CHECK(world.acked("s", "events/a") != world.tail("events/a"));
        world.pass(1s);
        CHECK(world.take_webhook()["generation"] == 2);
    }

    TEST_CASE("an attempt that fails as its lease ends is a failure, too") {
        World world;
        world.put_webhook("s", {{"lease_ttl_ms", 5'000}});
        world.append("events/a");
        const auto first = world.take_webhook();

        world.clock.advance(5s);
        world.answer(first, Outcome::Kind::failed);

        CHECK(world.surroundings->attempts.empty());
        CHECK(world.request(Method::get, "s").body["status"] == "failed");
        world.pass(1s);
        CHECK(world.take_webhook()["generation"] == 2);
    }

    TEST_CASE("a deleted subscription answers nothing, wakes nobody and can be made anew") {
        World world;
        world.put_webhook("s");
        world.append("events/a");
        const auto wake = world.take_webhook();

        CHECK(world.request(Method::remove, "s").status == 204);

        CHECK(world.surroundings->cancelled == std::vector<std::string>{"s"});
        CHECK(world.request(Method::get, "s").code() == "SUBSCRIPTION_NOT_FOUND");
        CHECK(world.request(Method::post, "s/callback", all_done(wake), wake["callback_token"]).status == 404);
        CHECK(world.request(Method::remove, "s").status == 204);
        world.append("events/a");
        CHECK(world.surroundings->attempts.empty());

        CHECK(world.put_webhook("s", {{"description", "other"}}).status == 201);
        world.append("events/a");
        CHECK(world.take_webhook()["generation"] == 1);
        CHECK(world.request(Method::post, "s/callback", all_done(wake), wake["callback_token"]).code() == "FENCED");
    }

    TEST_CASE("streams are added at their tail and removed again") {
        World world;
        world.append("x");
        world.append("events/a");
        world.put_webhook("s");

        CHECK(world.request(Method::post, "s/streams", {{"streams", {"x", "y", "events/a"}}}).status == 204);
        CHECK(world.acked("s", "x") == world.tail("x"));
        CHECK(world.request(Method::remove, "s/streams/y").status == 204);
        CHECK(world.request(Method::remove, "s/streams/nothing").status == 204);
        CHECK(world.request(Method::remove, "s/streams/events/a").status == 204);
        world.append("y");
        CHECK(world.surroundings->attempts.empty());
        world.append("x");
        CHECK(world.take_webhook()["streams"].size() == 1);
        CHECK(world.acked("s", "events/a") != "");
        CHECK(world.request(Method::post, "s/streams", {{"streams", json::array()}}).status == 400);
        CHECK(world.request(Method::post, "none/streams", {{"streams", {"x"}}}).status == 404);
    }

    TEST_CASE("the numbers of subscriptions and of their streams are bounded") {
        World world({.max_subscriptions = 2, .max_streams = 3});
        for (const auto* stream : {"events/a", "events/b", "events/c", "many/1", "many/2", "many/3", "many/4"}) {
            world.append(stream);
        }
        CHECK(world.put_webhook("s").status == 201);
        CHECK(world.put_webhook("t", {{"pattern", "many/*"}}).code() == "LIMIT_REACHED");
        CHECK(world.request(Method::post, "s/streams", {{"streams", {"x"}}}).code() == "LIMIT_REACHED");
        CHECK(world.put_webhook("t").status == 201);
        CHECK(world.put_webhook("u").status == 429);
        CHECK(world.put_webhook("t").status == 200);
        world.request(Method::remove, "t");
        CHECK(world.put_webhook("u").status == 201);
    }
}
