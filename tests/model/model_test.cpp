#include <doctest/doctest.h>

#include <string>

#include "model/world.hpp"
#include "support/environment.hpp"

/// A store on a failing device against a model of it. A failure names its seed; FOLDBACK_SEED runs that one alone (choose
/// the case with -tc), FOLDBACK_ROUNDS runs as many times the seeds.
namespace foldback::model {
namespace {

void run_seed(std::uint64_t seed, const Swarm& swarm, std::uint64_t& operations, std::uint64_t& unknown) {
    World world(seed, swarm);
    try {
        world.run();
    } catch (const std::exception& error) {
        FAIL("FOLDBACK_SEED=", seed, ": ", std::string(error.what()), "\n", world.journal());
    }
    operations += world.operations();
    unknown += world.unknown_outcomes();
}

/// Each case has seeds of its own: `first` on.
void run(std::uint64_t first, const Swarm& swarm) {
    std::uint64_t operations = 0;
    std::uint64_t unknown = 0;
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto seeds = 20 * test::number_from("FOLDBACK_ROUNDS", 1);
    if (only != 0) {
        run_seed(only, swarm, operations, unknown);
    } else {
        for (auto seed = first; seed < first + seeds; ++seed) run_seed(seed, swarm, operations, unknown);
    }
    MESSAGE(operations, " operations, ", unknown, " commits of unknown outcome");
    CHECK(operations > 0);
}

}  // namespace

TEST_CASE("a store that nothing happens to does what the model does") { run(1000000, {}); }

TEST_CASE("a store whose index is lost, old or damaged does what the model does") {
    run(2000000, {.index_suffers = true});
}

TEST_CASE("what was acknowledged outlives killed processes") { run(3000000, {.kills = 80, .index_suffers = true}); }

TEST_CASE("what was acknowledged outlives power failures") {
    run(4000000, {.power_losses = 80, .short_write = 0.2, .index_suffers = true});
}

TEST_CASE("what was acknowledged outlives power failures in the middle of writing and opening") {
    run(5000000, {.power_losses = 50, .kills = 30, .midway = true, .index_suffers = true});
}

TEST_CASE("a store whose flushes fail stops, and has what it acknowledged when it is opened again") {
    run(6000000, {.power_losses = 40, .kills = 40, .sync_fails = 0.01, .write_fails = 0.005});
}

TEST_CASE("one failed call at any moment loses nothing") {
    run(7000000, {.power_losses = 30, .kills = 40, .single_faults = true, .index_suffers = true});
}

TEST_CASE("a full disk refuses writes and keeps everything") {
    run(8000000, {.power_losses = 20, .kills = 20, .full_disk = true, .index_suffers = true});
}

TEST_CASE("a disk that cannot be read never yields wrong data") {
    run(9000000, {.power_losses = 30, .kills = 30, .read_fails = 0.02});
}

TEST_CASE("everything at once") {
    run(10000000, {.power_losses = 40,
                   .kills = 30,
                   .midway = true,
                   .sync_fails = 0.004,
                   .write_fails = 0.004,
                   .read_fails = 0.01,
                   .short_write = 0.1,
                   .single_faults = true,
                   .full_disk = true,
                   .index_suffers = true});
}

}  // namespace foldback::model
