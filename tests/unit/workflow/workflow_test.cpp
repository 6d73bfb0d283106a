#include "foldback/app/workflow.hpp"

#include <functional>
#include <map>

#include "../projection/projection_fixture.hpp"
#include "fulfilment.hpp"

namespace foldback::workflow_tests {
namespace {

using contract::Strings;
using projection_tests::in_every_world;
using projection_tests::World;

constexpr std::chrono::hours hour{1};

/// A workflow in a world, and what it dispatched.
class Shop {
public:
    explicit Shop(World& in) : world(in) { open(); }

    /// Begins anew with what is stored, as after a crash.
    void open() {
        runner.reset();
        workflow.reset();
        auto options = fulfilment_options();
        options.clock = &world.clock;
        options.route = [this](const Recorded<OrderEvent>& recorded) {
            if (const auto then = before_route.extract(std::string(recorded.stream))) then.mapped()();
            return route(recorded);
        };
        options.on_poison = on_poison;
        options.dispatch = [this](const FulfilmentCommand& command, const Dispatch& dispatch) {
            if (dispatch_fails) throw std::runtime_error("not delivered");
            dispatched.push_back(std::string(command.name()) + " " + dispatch.workflow);
            ids.push_back(dispatch.command_id);
            last = dispatch;
        };
        workflow = std::make_unique<FulfilmentWorkflow>(*world.store, world.database, options);
        runner = std::make_unique<ProjectionRunner>(*world.store, world.options());
        workflow->add_to(*runner);
    }
    void run() { runner->run_until_caught_up(); }
    void placed(const std::string& id) {
        world.append("orders/" + id,
                     R"({"type":"OrderPlaced","version":1,"id":"p-)" + id + R"(","data":{"customer":"ann"}})");
    }
    void paid(const std::string& id) {
        world.append("orders/" + id, R"({"type":"OrderPaid","version":1,"data":{"amount":3}})");
    }
    [[nodiscard]] std::size_t recorded(const std::string& id) const {
        return contract::all_messages(*world.store, "fulfilments/" + id).size();
    }

    World& world;
    Strings dispatched;
    Strings ids;
    Dispatch last;
    bool dispatch_fails = false;
    OnPoison on_poison = OnPoison::park;
    std::map<std::string, std::function<void()>>
        before_route;  ///< called once, before an input of that stream is routed
    std::unique_ptr<FulfilmentWorkflow> workflow;
    std::unique_ptr<ProjectionRunner> runner;
};

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

TEST_CASE("an input that cannot be received holds up neither those before it nor those of other workflows") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1");
        shop.placed("2");
        shop.placed("3");
        const std::function<void()> fail = [&] {
            shop.before_route["orders/2"] = fail;
            throw std::runtime_error("no way to tell");
        };
        shop.before_route["orders/2"] = fail;
        for (int i = 0; i < 10; ++i) {
            shop.run();
            CHECK(shop.recorded("1") == 2);
            world.clock.advance(std::chrono::minutes{1});
        }
        CHECK_FALSE(world.store->head("fulfilments/2"));
        CHECK(shop.recorded("3") == 2);

        shop.before_route.clear();
        CHECK(shop.runner->retry_parked("fulfilment.inbox", "stream orders/2").error.empty());

        CHECK(shop.recorded("2") == 2);
    });
}

TEST_CASE("what follows an input that cannot be read waits with it, and each is received in the end") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.placed("1/first");
        const std::function<void()> fail = [&] {
            shop.before_route["orders/1/first"] = fail;
            throw std::runtime_error("no way to tell");
        };
        shop.before_route["orders/1/first"] = fail;
        for (int i = 0; i < 10; ++i) {
            shop.run();
            world.clock.advance(std::chrono::minutes{1});
        }
        REQUIRE(shop.runner->parked("fulfilment.inbox").size() == 1);
        // A program that can read it.
        shop.before_route.clear();
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
        const std::function<void()> fail = [&] {
            shop.before_route["orders/1/second"] = fail;
            throw std::runtime_error("no way to tell");
        };
        const auto try_all = [&] {
            for (int i = 0; i < 10; ++i) {
                shop.run();
                world.clock.advance(std::chrono::minutes{1});
            }
        };
        try_all();
        shop.before_route["orders/1/second"] = fail;
        shop.placed("1/second");
        try_all();
        shop.before_route.clear();
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
        for (int i = 0; i < 10; ++i) {
            shop.run();
            world.clock.advance(std::chrono::minutes{1});
        }

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
        for (int i = 0; i < 10; ++i) {
            shop.run();
            world.clock.advance(std::chrono::minutes{1});
        }

        CHECK(shop.recorded("1") == 2);
        CHECK(shop.recorded("2") == 2);
        CHECK(shop.runner->parked("fulfilment.inbox").size() == 1);
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

TEST_CASE("a command that cannot be delivered is parked with the later ones of its workflow, and others go on") {
    in_every_world([](World& world) {
        Shop shop(world);
        shop.dispatch_fails = true;
        shop.placed("1");
        shop.paid("1");
        for (int i = 0; i < 10; ++i) {
            shop.run();
            world.clock.advance(std::chrono::minutes{1});
        }
        shop.dispatch_fails = false;
        shop.placed("2");
        shop.paid("2");
        shop.run();
        CHECK(shop.dispatched == Strings{"Ship 2"});

        CHECK(shop.runner->retry_parked("fulfilment.outbox", "fulfilments/1").error.empty());

        CHECK(shop.dispatched == Strings{"Ship 2", "Ship 1"});
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
