#include "subscriptions/engine.hpp"

#include "world.hpp"

// Workers that claim what is pending, and the stream that wakes them.

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::subscriptions;
using namespace std::chrono_literals;

TEST_SUITE("subscription engine") {
    TEST_CASE("of many workers that claim a wake one gets it") {
        World world;
        world.create("wake");
        world.put_pull("s");
        world.append("events/a");
        REQUIRE(world.read("wake").size() == 1);
        CHECK(world.read("wake")[0]["stream"] == "events/a");
        CHECK(world.read("wake")[0]["generation"] == 1);

        std::vector<std::shared_ptr<Answer>> answers;
        for (int i = 0; i < 10; ++i)
            answers.push_back(world.send(Method::post, "s/claim", {{"worker", std::to_string(i)}}));
        world.settle();

        int claimed = 0;
        for (const auto& answer : answers) {
            if (answer->status == 200) {
                ++claimed;
            } else {
                CHECK(answer->code() == "ALREADY_CLAIMED");
                CHECK(answer->body["error"]["current_holder"] == "0");
            }
        }
        CHECK(claimed == 1);
    }

    TEST_CASE("a claim sees what was appended before it, and nothing pending is no work") {
        World world;
        world.create("wake");
        world.put_pull("s");
        CHECK(world.request(Method::post, "s/claim", {{"worker", "w"}}).code() == "NO_PENDING_WORK");
        const std::string value = "1";
        // Without giving the engine a chance to notice.
        REQUIRE(world.store
                    ->append({.stream = "events/a",
                              .messages = Messages::trusted_json(std::span(&value, 1)),
                              .content_type = "application/json",
                              .create_with = StreamConfig{.content_type = "application/json"}})
                    .has_value());

        const auto claim = world.request(Method::post, "s/claim", {{"worker", "w"}});
        REQUIRE(claim.status == 200);
        CHECK(claim.body["streams"][0]["tail_offset"] == world.tail("events/a"));
        const auto ack = world.request(Method::post, "s/ack", all_done(claim.body), claim.body["token"]);
        CHECK(ack.body == json{{"ok", true}, {"next_wake", false}});
        CHECK(world.request(Method::post, "s/claim", {{"worker", "w"}}).code() == "NO_PENDING_WORK");
    }

    TEST_CASE("a lease that ends wakes the next worker and fences the last one") {
        World world;
        world.create("wake");
        world.put_pull("s", {{"lease_ttl_ms", 1'000}});
        world.append("events/a");
        const auto first = world.request(Method::post, "s/claim", {{"worker", "one"}}).body;

        world.pass(999ms);
        CHECK(world.read("wake").size() == 1);
        world.pass(1ms);

        CHECK(world.read("wake").size() == 2);
        CHECK(world.request(Method::post, "s/ack", all_done(first), first["token"]).code() == "FENCED");
        CHECK(world.request(Method::post, "s/release", reference_to(first), first["token"]).code() == "FENCED");
        const auto second = world.request(Method::post, "s/claim", {{"worker", "two"}}).body;
        CHECK(second["generation"] == 2);
        CHECK(world.request(Method::post, "s/ack", all_done(first), first["token"]).code() == "FENCED");
        CHECK(world.request(Method::post, "s/ack", all_done(second), second["token"]).status == 200);
        CHECK(world.acked("s", "events/a") == world.tail("events/a"));
    }

    TEST_CASE("acks without done keep the lease") {
        World world;
        world.create("wake");
        world.put_pull("s", {{"lease_ttl_ms", 1'000}});
        world.append("events/a");
        const auto claim = world.request(Method::post, "s/claim", {{"worker", "one"}}).body;
        for (int i = 0; i < 10; ++i) {
            world.pass(900ms);
            CHECK(world.request(Method::post, "s/ack", reference_to(claim), claim["token"]).status == 200);
        }
        CHECK(world.request(Method::post, "s/claim", {{"worker", "two"}}).code() == "ALREADY_CLAIMED");
        world.pass(24h);
        CHECK(world.request(Method::post, "s/ack", reference_to(claim), claim["token"]).code() == "TOKEN_EXPIRED");
    }

    TEST_CASE("a released wake is written again, an acknowledged one only when more is pending") {
        World world;
        world.create("wake");
        world.put_pull("s");
        world.append("events/a");
        const auto first = world.request(Method::post, "s/claim", {{"worker", "w"}}).body;
        CHECK(world.request(Method::post, "s/release", reference_to(first), first["token"]).status == 204);
        CHECK(world.read("wake").size() == 2);

        const auto second = world.request(Method::post, "s/claim", {{"worker", "w"}}).body;
        world.append("events/a");
        const auto ack = world.request(Method::post, "s/ack", all_done(second), second["token"]);
        CHECK(ack.body["next_wake"] == true);
        CHECK(world.read("wake").size() == 3);
    }

    TEST_CASE("the wake stream of a subscription does not wake it") {
        World world;
        world.create("wake");
        world.put_pull("s", {{"pattern", "**"}});
        world.append("a");
        CHECK(world.read("wake").size() == 1);
        const auto claim = world.request(Method::post, "s/claim", {{"worker", "w"}}).body;
        CHECK(claim["streams"].size() == 1);
        world.request(Method::post, "s/ack", all_done(claim), claim["token"]);
        CHECK(world.request(Method::post, "s/claim", {{"worker", "w"}}).code() == "NO_PENDING_WORK");
        CHECK(world.request(Method::post, "s/streams", {{"streams", {"wake"}}}).status == 400);
    }

    TEST_CASE("without a wake stream nothing is lost: the wake is written when there is one") {
        World world;
        world.put_pull("s");
        world.append("events/a");
        CHECK(world.request(Method::get, "s").body["status"] == "failed");

        SUBCASE("by itself") {
            world.create("wake");
            world.pass(2s);
            CHECK(world.read("wake").size() == 1);
            CHECK(world.request(Method::get, "s").body["status"] == "active");
        }
        SUBCASE("and a worker that comes anyway gets the work") {
            CHECK(world.request(Method::post, "s/claim", {{"worker", "w"}}).status == 200);
        }
    }

    TEST_CASE("a wake whose streams were deleted is no work, and the next append is a wake of its own") {
        World world;
        world.create("wake");
        world.put_pull("s");
        world.append("events/a");
        REQUIRE(world.store->remove("events/a").has_value());
        world.settle();

        CHECK(world.request(Method::post, "s/claim", {{"worker", "w"}}).code() == "NO_PENDING_WORK");
        world.append("events/b");
        CHECK(world.read("wake").size() == 2);
        CHECK(world.request(Method::post, "s/claim", {{"worker", "w"}}).status == 200);
    }
}
