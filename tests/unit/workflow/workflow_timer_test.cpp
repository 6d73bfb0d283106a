#include "foldback/app/workflow_timer.hpp"

#include <atomic>
#include <mutex>

#include "../projection/projection_fixture.hpp"
#include "fulfilment.hpp"

namespace foldback::workflow_tests {
namespace {

using contract::Strings;
using projection_tests::Driven;
using projection_tests::eventually;
using projection_tests::World;

constexpr std::chrono::hours hour{1};
constexpr WorkflowTimerOptions often{.every = std::chrono::milliseconds{1}};

/// What threads wrote down.
class Notes {
public:
    void add(std::string note) {
        const std::lock_guard lock(mutex_);
        notes_.push_back(std::move(note));
    }
    [[nodiscard]] Strings all() const {
        const std::lock_guard lock(mutex_);
        return notes_;
    }

private:
    mutable std::mutex mutex_;
    Strings notes_;
};

/// A workflow whose projections run on threads.
class Shop {
public:
    explicit Shop(World& world)
        : world_(world), workflow(*world.store, world.database, options()), runner_(*world.store, world.options()) {
        workflow.add_to(runner_);
        runner_.start();
    }
    /// Waits until the timeout of this order is known.
    void placed(const std::string& id) {
        const auto placed =
            world_.append("orders/" + id, R"({"type":"OrderPlaced","version":1,"data":{"customer":"ann"}})");
        constexpr std::chrono::hours long_enough{1};
        REQUIRE(runner_.wait_for("fulfilment.inbox", placed, long_enough) == Waited::reached);
        REQUIRE(runner_.wait_for("fulfilment.timeouts", world_.store->tail(), long_enough) == Waited::reached);
    }

private:
    [[nodiscard]] FulfilmentWorkflow::Options options() {
        auto options = fulfilment_options();
        options.clock = &world_.clock;
        options.dispatch = [this](const FulfilmentCommand& command, const Dispatch& dispatch) {
            dispatched.add(std::string(command.name()) + " " + dispatch.workflow);
        };
        return options;
    }

    World& world_;

public:
    Notes dispatched;
    FulfilmentWorkflow workflow;

private:
    ProjectionRunner runner_;
};

void on_disk_and_in_memory(const std::function<void(World&)>& test) {
    SUBCASE("in memory") {
        World world(false, Driven::by_threads);
        test(world);
    }
    SUBCASE("on disk") {
        World world(true, Driven::by_threads);
        test(world);
    }
}

}  // namespace

TEST_CASE("a timer fires the timeouts that are due on the workflow's clock, and no others") {
    on_disk_and_in_memory([](World& world) {
        Shop shop(world);
        shop.placed("1");
        world.clock.advance(std::chrono::minutes{1});
        shop.placed("2");
        const WorkflowTimer timer(shop.workflow, often);

        world.clock.advance(hour - std::chrono::minutes{1});
        CHECK(eventually([&] { return shop.dispatched.all() == Strings{"CancelOrder 1"}; }));
        CHECK(eventually([&] { return shop.workflow.next_due() == world.clock.now() + std::chrono::minutes{1}; }));
        world.clock.advance(std::chrono::minutes{1});
        CHECK(eventually([&] { return shop.dispatched.all() == Strings{"CancelOrder 1", "CancelOrder 2"}; }));

        CHECK(eventually([&] { return timer.fired() == 2; }));
        CHECK(timer.error().empty());
    });
}

TEST_CASE("two timers of one workflow fire each timeout once") {
    on_disk_and_in_memory([](World& world) {
        Shop shop(world);
        for (int id = 0; id < 10; ++id) shop.placed(std::to_string(id));
        WorkflowTimer one(shop.workflow, often);
        WorkflowTimer other(shop.workflow, often);

        world.clock.advance(hour);

        CHECK(eventually([&] { return one.fired() + other.fired() == 10; }));
        CHECK(eventually([&] { return !shop.workflow.next_due(); }));
        one.stop();
        other.stop();
        CHECK(one.fired() + other.fired() == 10);
        CHECK(eventually([&] { return shop.dispatched.all().size() == 10; }));
    });
}

TEST_CASE("a timer that was stopped fires nothing until it is started again") {
    on_disk_and_in_memory([](World& world) {
        Shop shop(world);
        shop.placed("1");
        WorkflowTimer timer(shop.workflow, often);
        timer.stop();
        timer.stop();

        world.clock.advance(hour);
        CHECK(timer.fired() == 0);
        CHECK(shop.workflow.next_due());

        timer.start();
        timer.start();
        CHECK(eventually([&] { return shop.dispatched.all() == Strings{"CancelOrder 1"}; }));
    });
}

TEST_CASE("a timer tells what went wrong and looks again all the same") {
    std::atomic<bool> broken = true;
    const WorkflowTimer timer(
        [&]() -> std::size_t {
            if (broken) throw std::runtime_error("the database is locked");
            return 1;
        },
        often);
    CHECK(eventually([&] { return timer.error() == "the database is locked"; }));
    CHECK(timer.fired() == 0);

    broken = false;

    CHECK(eventually([&] { return timer.fired() > 0; }));
    CHECK(timer.error().empty());
}

TEST_CASE("a timer that would look all the time is refused") {
    const auto nothing = [] { return std::size_t{0}; };
    CHECK_THROWS_AS(WorkflowTimer(nothing, {.every = std::chrono::milliseconds{0}}), std::invalid_argument);
}

}  // namespace foldback::workflow_tests
