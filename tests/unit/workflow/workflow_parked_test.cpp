#include "fulfilment_shop.hpp"

/// Inputs and commands of a workflow that make trouble.
namespace foldback::workflow_tests {

TEST_CASE("an input that cannot be received holds up neither those before it nor those of other workflows") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.placed("2");
        shop.placed("3");
        shop.unroutable.insert("orders/2");
        for (int i = 0; i < 10; ++i) {
            shop.run();
            CHECK(shop.recorded("1") == 2);
            world.clock.advance(std::chrono::minutes{1});
        }
        CHECK_FALSE(world.store->head("fulfilments/2"));
        CHECK(shop.recorded("3") == 2);

        shop.unroutable.clear();
        CHECK(shop.runner->retry_parked("fulfilment.inbox", "stream orders/2").error.empty());

        CHECK(shop.recorded("2") == 2);
    });
}

TEST_CASE("what follows an input that cannot be read waits with it, and each is received in the end") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1/first");
        shop.unroutable.insert("orders/1/first");
        shop.use_up_retries();
        REQUIRE(shop.runner->parked("fulfilment.inbox").size() == 1);
        // A program that can read it.
        shop.unroutable.clear();
        shop.open();
        shop.placed("1/first");
        shop.placed("1/second");
        shop.run();
        CHECK(shop.workflow->state_of("1").inputs == 1);  // of the other stream

        const auto outcome = shop.runner->retry_parked("fulfilment.inbox", "stream orders/1/first");
        shop.placed("1/first");
        shop.run();

        CHECK(outcome.applied == 2);
        CHECK(shop.workflow->state_of("1").inputs == 4);
        CHECK(shop.recorded("1") == 8);
    });
}

TEST_CASE("an input that could not be read does not overtake what its workflow has parked before") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.paid("1/first");  // for nothing
        shop.placed("1/second");
        shop.placed("1/second");
        shop.use_up_retries();
        shop.unroutable.insert("orders/1/second");
        shop.placed("1/second");
        shop.use_up_retries();
        shop.unroutable.clear();
        const auto parked = shop.runner->parked("fulfilment.inbox");
        REQUIRE(parked.size() == 4);
        REQUIRE(parked.back().key == "stream orders/1/second");

        const auto early = shop.runner->retry_parked("fulfilment.inbox", "stream orders/1/second");
        CHECK(early.applied == 0);
        CHECK(early.error == "earlier ones are parked with the key \"workflow 1\"");

        CHECK(shop.runner->drop_parked("fulfilment.inbox", parked.front().position));
        CHECK(shop.runner->retry_parked("fulfilment.inbox", "workflow 1").applied == 2);
        CHECK(shop.runner->retry_parked("fulfilment.inbox", "stream orders/1/second").applied == 1);
        CHECK(shop.workflow->state_of("1").inputs == 3);
    });
}

TEST_CASE("an input that leads to what cannot be written is not received in part") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        world.append("orders/1", R"({"type":"OrderPaid","version":1,"data":{"amount":-1}})");
        shop.placed("2");
        shop.use_up_retries();

        CHECK(shop.recorded("1") == 2);
        CHECK(shop.recorded("2") == 2);
        CHECK(shop.workflow->state_of("1").inputs == 1);
        CHECK(shop.runner->parked("fulfilment.inbox").size() == 1);
        CHECK(shop.dispatched.empty());
    });
}

TEST_CASE("a workflow whose stream is closed holds up no other") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();
        REQUIRE(world.store->append({.stream = "fulfilments/1", .close = true}));
        shop.paid("1");
        shop.placed("2");
        shop.use_up_retries();

        CHECK(shop.recorded("1") == 2);
        CHECK(shop.recorded("2") == 2);
        CHECK(shop.runner->parked("fulfilment.inbox").size() == 1);
    });
}

TEST_CASE("a command that cannot be delivered is parked with the later ones of its workflow, and others go on") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.dispatch_fails = true;
        shop.placed("1");
        shop.paid("1");
        shop.use_up_retries();
        shop.dispatch_fails = false;
        shop.placed("2");
        shop.paid("2");
        shop.run();
        CHECK(shop.dispatched == Strings{"Ship 2"});

        CHECK(shop.runner->retry_parked("fulfilment.outbox", "fulfilments/1").error.empty());

        CHECK(shop.dispatched == Strings{"Ship 2", "Ship 1"});
    });
}

}  // namespace foldback::workflow_tests
