#include "fulfilment_shop.hpp"

namespace foldback::workflow_tests {
namespace {

constexpr std::chrono::hours hour{1};

}  // namespace

TEST_CASE("an input is stored with its reactions, and commands are dispatched with where they come from") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();
        CHECK(shop.dispatched.empty());
        CHECK(shop.workflow->state_of("1").customer == "ann");

        shop.paid("1");
        shop.run();

        CHECK(shop.dispatched == Strings{"Ship 1"});
        CHECK(shop.workflow->state_of("1").shipped);
        CHECK(shop.last.metadata.correlation == "fulfilments/1");
        CHECK(shop.last.metadata.command == shop.last.command_id);
        // input, timeout; input, command, cancelled
        CHECK(shop.recorded("1") == 5);
    });
}

TEST_CASE("inputs that have come meanwhile are received in one commit, in order") {
    World world(false);
    Shop shop(world);
    for (const auto* id : {"1", "2", "3"}) shop.placed(id);
    for (const auto* id : {"3", "1"}) shop.paid(id);
    const auto before = world.log->stats().commits;

    shop.run();

    CHECK(world.log->stats().commits == before + 1);
    CHECK(shop.dispatched == Strings{"Ship 1", "Ship 3"});
    CHECK(shop.recorded("1") == 5);
    CHECK(shop.recorded("2") == 2);
    CHECK(shop.workflow->state_of("3").inputs == 2);
}

TEST_CASE("an input that begins a stream is decided about by the workflow as it is, however long that has been there") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();

        shop.placed("2");
        shop.paid("1/payments");
        shop.paid("2/payments");
        shop.run();

        CHECK(shop.dispatched == Strings{"Ship 1", "Ship 2"});
        CHECK(shop.workflow->state_of("1").inputs == 2);
        CHECK(shop.workflow->state_of("2").inputs == 2);
        CHECK(shop.runner->status("fulfilment.inbox").failures == 0);
    });
}

TEST_CASE("a timeout that fires while inputs are being received is not lost, and neither are they") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();
        world.clock.advance(hour);
        shop.paid("1");
        shop.placed("2");
        // The workflow 1 is read and its payment decided about; then, in the middle of the batch, it times out.
        shop.before_route["orders/2"] = [&] { CHECK(shop.workflow->fire_due() == 1); };

        shop.run();

        CHECK(shop.dispatched == Strings{"CancelOrder 1"});
        CHECK(shop.recorded("1") == 5);  // input, timeout; timed out, command, completed
        CHECK(shop.recorded("2") == 2);
        CHECK(shop.runner->status("fulfilment.inbox").failures == 0);
    });
}

TEST_CASE("an input that is delivered again changes nothing") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.paid("1");
        shop.run();

        shop.runner->move("fulfilment.inbox", Position{0});
        shop.run();

        CHECK(shop.recorded("1") == 5);
        CHECK(shop.dispatched == Strings{"Ship 1"});
        CHECK(shop.workflow->state_of("1").inputs == 2);
        const auto page = world.store->read_feed({.prefix = "orders/"});
        for (const auto& message : page.messages) CHECK_FALSE(shop.workflow->receive(message));
    });
}

TEST_CASE("a command that is delivered again has the same id, and its workflow sends none twice") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.paid("1");
        shop.run();
        // As after a crash between the delivery and its checkpoint.
        world.database->write([](ReadModel& model) {
            model.execute(
                "UPDATE foldback_projections SET checkpoint = 0, high_water = 0 WHERE name = 'fulfilment.outbox'");
        });

        shop.open();
        shop.run();

        CHECK(shop.dispatched == Strings{"Ship 1", "Ship 1"});
        CHECK(shop.ids[0] == shop.ids[1]);
        CHECK(shop.recorded("1") == 5);
    });
}

TEST_CASE("commands are not dispatched again when the outbox is moved back") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.paid("1");
        shop.run();

        shop.runner->move("fulfilment.outbox", Position{0});
        shop.run();

        CHECK(shop.dispatched == Strings{"Ship 1"});
    });
}

TEST_CASE("a timeout fires when it is due, once, and what it decides is dispatched") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();
        CHECK(shop.workflow->next_due() == world.clock.now() + hour);
        world.clock.advance(hour - std::chrono::milliseconds{1});
        CHECK(shop.workflow->fire_due() == 0);

        world.clock.advance(std::chrono::milliseconds{1});
        CHECK(shop.workflow->fire_due() == 1);
        CHECK(shop.workflow->fire_due() == 0);  // the table has not seen it yet; the stream has
        shop.run();

        CHECK(shop.dispatched == Strings{"CancelOrder 1"});
        CHECK_FALSE(shop.workflow->next_due());
    });
}

TEST_CASE("a timeout outlives the process and fires although its time went by meanwhile") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();
        world.clock.advance(3 * hour);
        if (world.is_on_disk) world.open_database();

        shop.open();
        CHECK(shop.workflow->fire_due() == 1);
        shop.run();

        CHECK(shop.dispatched == Strings{"CancelOrder 1"});
    });
}

TEST_CASE("a timeout that was taken back does not fire, also when the table does not know it yet") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();
        shop.runner->pause("fulfilment.timeouts");
        shop.paid("1");
        shop.run();
        world.clock.advance(2 * hour);

        CHECK(shop.workflow->next_due());
        CHECK(shop.workflow->fire_due() == 0);

        shop.runner->resume("fulfilment.timeouts");
        shop.run();
        CHECK_FALSE(shop.workflow->next_due());
        CHECK(shop.dispatched == Strings{"Ship 1"});
    });
}

TEST_CASE("a timeout that cannot be handed out keeps back no other, and stays due") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.placed("2");
        shop.run();
        // Somebody closed the stream of the first one.
        REQUIRE(world.store->append({.stream = "fulfilments/1", .close = true}));
        world.clock.advance(hour);

        CHECK_THROWS((void)shop.workflow->fire_due());
        shop.run();

        CHECK(shop.dispatched == Strings{"CancelOrder 2"});
        CHECK(shop.workflow->next_due());
    });
}

TEST_CASE("a timeout is handed out however many before it cannot be") {
    World world(false);
    Shop shop(world);
    for (std::size_t i = 0; i < 2 * WorkflowTimeouts::at_once; ++i) {
        world.append("orders/" + std::to_string(i),
                     R"({"type":"OrderPlaced","version":1,"data":{"customer":"nobody"}})");
    }
    shop.run();
    world.clock.advance(std::chrono::milliseconds{1});
    shop.placed("last");
    shop.run();
    world.clock.advance(std::chrono::hours{1});

    for (int round = 0; round < 2; ++round) CHECK_THROWS_AS(shop.workflow->fire_due(), std::logic_error);
    CHECK(shop.workflow->fire_due() == 1);

    CHECK_THROWS_AS(shop.workflow->fire_due(), std::logic_error);  // from the first one again
}

TEST_CASE("a completed workflow takes no further input") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.run();
        world.clock.advance(hour);
        CHECK(shop.workflow->fire_due() == 1);
        const auto recorded = shop.recorded("1");

        shop.paid("1");
        shop.run();

        CHECK(shop.recorded("1") == recorded);
        CHECK(shop.dispatched == Strings{"CancelOrder 1"});
    });
}

TEST_CASE("a workflow without a route or a way to deliver is refused") {
    World world(false);
    auto options = fulfilment_options();
    CHECK_THROWS_AS(FulfilmentWorkflow(*world.store, world.database, options), std::invalid_argument);
    options.dispatch = [](const FulfilmentCommand&, const Dispatch&) {};
    CHECK_THROWS_AS(FulfilmentWorkflow(*world.store, nullptr, options), std::invalid_argument);
    options.route = nullptr;
    CHECK_THROWS_AS(FulfilmentWorkflow(*world.store, world.database, options), std::invalid_argument);
}

}  // namespace foldback::workflow_tests
