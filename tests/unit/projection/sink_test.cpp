#include "foldback/app/sink.hpp"

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "projection_fixture.hpp"

namespace foldback::projection_tests {
namespace {

/// Remembers what it got, per stream and as a whole; fails as `trouble` says.
class Target : public Sink {
public:
    void apply(const Delivery& delivery) override {
        const std::lock_guard lock(mutex);
        trouble.meet(delivery.message.data);
        threads.insert(std::this_thread::get_id());
        by_stream[std::string(delivery.message.stream)].emplace_back(delivery.message.data);
        all.emplace_back(delivery.message.data);
    }
    void reset() override {
        by_stream.clear();
        all.clear();
    }

    std::mutex mutex;
    std::map<std::string, Strings> by_stream;
    Strings all;
    std::set<std::thread::id> threads;
    Trouble trouble;
};

/// Keeps its checkpoint with what it applied.
class ExactTarget final : public Target {
public:
    void flush(Position next) override {
        if (std::exchange(flush_fails_once, false)) throw StorageError("not reachable");
        kept = all;
        checkpoint_ = next;
    }
    void discard() override { all = kept; }
    [[nodiscard]] std::optional<Position> checkpoint() override { return checkpoint_; }
    void reset() override {
        Target::reset();
        flush({});
    }

    Strings kept;
    bool flush_fails_once = false;

private:
    Position checkpoint_;
};

/// What it got since the last flush is lost when others are faster.
class OvertakenTarget final : public Target {
public:
    void flush(Position) override {
        if (std::exchange(flush_fails_once, false)) throw StorageError("not reachable");
        if (overtaken == 0) {
            kept = all;
            return;
        }
        --overtaken;
        all = kept;
        throw DeliverAgain("somebody was faster");
    }

    int overtaken = 0;
    bool flush_fails_once = false;

private:
    Strings kept;
};

ProjectionDefinition to(std::shared_ptr<Sink> sink) {
    ProjectionDefinition definition;
    definition.name = "sink";
    definition.sink = std::move(sink);
    return definition;
}

void use_up_retries(World& world, ProjectionRunner& runner) {
    for (int i = 0; i < 10; ++i) {
        runner.run_until_caught_up();
        world.clock.advance(std::chrono::minutes{1});
    }
    runner.run_until_caught_up();
}

}  // namespace

TEST_CASE("a sink gets every event in order, and a new runner goes on after them") {
    in_every_world_and_way([](World& world) {
        const auto target = std::make_shared<Target>();
        world.append("a", "[1,2]");
        for (int round = 0; round < 2; ++round) {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(to(target), world.database);
            world.append("b", "3");
            catch_up(world, runner);
        }
        CHECK(target->all == Strings{"1", "2", "3", "3"});
    });
}

TEST_CASE("a sink gets events of different keys on several threads and those of one key in order") {
    World world(true, Driven::by_threads);
    const auto target = std::make_shared<Target>();
    auto definition = to(target);
    definition.parallelism = 4;
    for (int i = 0; i < 100; ++i) {
        for (int key = 0; key < 8; ++key) world.append("s" + std::to_string(key), std::to_string(i));
    }
    ProjectionRunner runner(*world.store, world.options());
    runner.add(definition, world.database);

    catch_up(world, runner);

    CHECK(target->threads.size() > 1);
    for (const auto& [stream, events] : target->by_stream) {
        REQUIRE(events.size() == 100);
        for (std::size_t i = 0; i < events.size(); ++i) CHECK(events[i] == std::to_string(i));
    }
    CHECK(runner.status("sink").applied == 800);
}

TEST_CASE("while an event is retried its sink does not get the others again") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<Target>();
        target->trouble.expect("2", 2);
        auto definition = to(target);
        definition.batch_events = 10;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2,3]");

        use_up_retries(world, runner);

        CHECK(target->all == Strings{"1", "2", "3"});
        CHECK(runner.status("sink").applied == 3);
    });
}

TEST_CASE("a sink that others were faster than gets the batch again at once") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<OvertakenTarget>();
        target->overtaken = 2;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(to(target), world.database);
        world.append("a", "[1,2,3]");

        runner.run_until_caught_up();

        CHECK(target->all == Strings{"1", "2", "3"});
        CHECK(runner.status("sink").applied == 3);
        CHECK(runner.status("sink").failures == 0);
    });
}

TEST_CASE("a sink that others are always faster than rests between its attempts") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<OvertakenTarget>();
        target->overtaken = 5;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(to(target), world.database);
        world.append("a", "[1,2,3]");

        runner.run_until_caught_up();
        CHECK(runner.status("sink").state == ProjectionState::retrying);
        CHECK(runner.status("sink").error == "somebody was faster");
        CHECK(target->overtaken == 2);
        world.clock.advance(std::chrono::minutes{1});
        runner.run_until_caught_up();

        CHECK(target->all == Strings{"1", "2", "3"});
        CHECK(runner.status("sink").checkpoint == Position{3});
    });
}

TEST_CASE("a parked event that others were faster with is applied again by hand") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<OvertakenTarget>();
        target->trouble.expect("2", 4);
        auto definition = to(target);
        definition.on_poison = OnPoison::park;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "[1,2,3]");
        use_up_retries(world, runner);
        REQUIRE(runner.parked("sink").size() == 2);
        target->overtaken = 1;

        const auto outcome = runner.retry_parked("sink", "a");

        CHECK(outcome.error.empty());
        CHECK(outcome.applied == 2);
        CHECK(target->all == Strings{"1", "2", "3"});
    });
}

TEST_CASE("what a sink could not flush and then lost comes again, also when that shows with a parked event") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<OvertakenTarget>();
        target->trouble.expect("1", 4);
        auto definition = to(target);
        definition.on_poison = OnPoison::park;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "1");
        use_up_retries(world, runner);
        world.append("b", "2");
        target->flush_fails_once = true;
        runner.run_until_caught_up();
        REQUIRE(target->all == Strings{"2"});
        target->overtaken = 1;

        const auto outcome = runner.retry_parked("sink", "a");
        use_up_retries(world, runner);

        CHECK(outcome.applied == 1);
        CHECK(target->all == Strings{"1", "2"});
        CHECK(runner.status("sink").checkpoint == Position{2});
    });
}

TEST_CASE("what a sink could not flush and then lost comes again, also when that shows while the runner stops") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<OvertakenTarget>();
        auto definition = to(target);
        definition.events = {.categories = {"a"}};
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("b/1", "0");  // passed over: a checkpoint to be stored
        runner.run_until_caught_up();
        world.append("a/1", "1");
        target->flush_fails_once = true;
        runner.run_until_caught_up();
        REQUIRE(target->all == Strings{"1"});
        target->overtaken = 1;

        runner.stop();
        use_up_retries(world, runner);

        CHECK(target->all == Strings{"1"});
        CHECK(runner.status("sink").checkpoint == Position{2});
    });
}

TEST_CASE("with threads a failing key does not make its sink get other keys' events again") {
    World world(false, Driven::by_threads);
    const auto target = std::make_shared<Target>();
    target->trouble.expect("13", 2);
    auto definition = to(target);
    definition.parallelism = 3;
    for (int i = 0; i < 40; ++i) world.append("s" + std::to_string(i % 5), std::to_string(i));
    ProjectionRunner runner(*world.store, world.options());
    runner.add(definition, world.database);
    runner.start();

    REQUIRE(eventually([&] {
        world.clock.advance(milliseconds{5});
        return runner.wait_for("sink", Position{40}, milliseconds{0}) == Waited::reached;
    }));

    auto all = target->all;
    std::sort(all.begin(), all.end());
    CHECK(std::unique(all.begin(), all.end()) == all.end());
    CHECK(all.size() == 40);
    CHECK(target->by_stream["s3"] == Strings{"3", "8", "13", "18", "23", "28", "33", "38"});
}

TEST_CASE("a sink's poison event is parked with its key and applied by hand") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<Target>();
        target->trouble.expect("1");
        auto definition = to(target);
        definition.on_poison = OnPoison::park;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);
        world.append("a", "1");
        world.append("b", "2");
        world.append("a", "3");
        use_up_retries(world, runner);
        CHECK(target->all == Strings{"2"});
        CHECK(runner.parked("sink").size() == 2);

        target->trouble.forgive("1");
        CHECK(runner.retry_parked("sink", "a").applied == 2);

        CHECK(target->all == Strings{"2", "1", "3"});
    });
}

TEST_CASE("a sink that keeps its checkpoint is believed, and undoes what a failed batch left") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<ExactTarget>();
        target->trouble.expect("3", 1);
        target->flush_fails_once = true;
        ProjectionRunner runner(*world.store, world.options());
        runner.add(to(target), world.database);
        world.append("a", "[1,2,3,4]");

        use_up_retries(world, runner);

        CHECK(target->kept == Strings{"1", "2", "3", "4"});
        CHECK(target->checkpoint() == Position{4});
        CHECK(runner.status("sink").applied == 4);
    });
}

TEST_CASE("the database of a sink that keeps its checkpoint may be lost") {
    in_every_world([](World& world) {
        const auto target = std::make_shared<ExactTarget>();
        {
            ProjectionRunner runner(*world.store, world.options());
            runner.add(to(target), world.database);
            world.append("a", "[1,2]");
            runner.run_until_caught_up();
        }
        ProjectionRunner runner(*world.store, world.options());
        runner.add(to(target), Database::in_memory());
        world.append("a", "3");

        runner.run_until_caught_up();

        CHECK(target->kept == Strings{"1", "2", "3"});
    });
}

TEST_CASE("a reset empties the sink and fills it again; a rebuild beside it is refused") {
    in_every_world([](World& world) {
        for (const auto& target :
             {std::make_shared<Target>(), std::shared_ptr<Target>(std::make_shared<ExactTarget>())}) {
            ProjectionRunner runner(*world.store, world.options());
            auto definition = to(target);
            definition.name = "sink" + std::to_string(target.use_count());
            runner.add(definition, Database::in_memory());
            if (world.store->tail() == Position{}) world.append("a", "[1,2]");
            runner.run_until_caught_up();

            runner.reset(definition.name);
            runner.run_until_caught_up();

            CHECK(target->all == Strings{"1", "2"});
            CHECK_THROWS_AS(runner.start_rebuild(definition.name), std::invalid_argument);
        }
    });
}

}  // namespace foldback::projection_tests
