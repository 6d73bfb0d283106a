#include "contract/store_fixture.hpp"
#include "log/faulty_device.hpp"
#include "unit/app/account.hpp"

namespace foldback::app_tests {
namespace {

LogStoreOptions by_hand(const Clock& clock) {
    LogStoreOptions options = contract::small_files();
    options.clock = &clock;
    options.background_threads = false;
    return options;
}

/// Gives a command, loses power after `calls` changing calls to the device, and gives it again on what is left; whether
/// it was answered the first time.
template <class Decide>
bool command_through_power_loss(std::uint64_t seed, std::uint64_t calls, const Decide& decide,
                                std::int64_t cents_after) {
    CAPTURE(seed);
    CAPTURE(calls);
    const auto device = std::make_shared<FaultyDevice>(seed);
    const ManualClock clock;
    bool answered = false;
    {
        const auto store = LogStore::over(device, by_hand(clock));
        const Accounts accounts(*store, {.category = "accounts", .clock = &clock});
        (void)accounts.transact("1", deposit(100));
        device->lose_power_after(calls);
        try {
            answered = !accounts.transact("1", decide, {.command_id = "c-1"}).is_duplicate();
        } catch (const StorageError&) {
            // It is not known whether it happened.
        }
    }
    device->crash();
    const auto store = LogStore::over(device, by_hand(clock));
    const Accounts accounts(*store, {.category = "accounts", .clock = &clock});
    const auto before = accounts.load("1").state().cents;

    const auto again = accounts.transact("1", decide, {.command_id = "c-1"});

    if (answered) CHECK(again.is_duplicate());
    CHECK(accounts.load("1").state().cents == cents_after);
    if (again.is_duplicate()) CHECK(before == cents_after);
    return answered;
}

}  // namespace

TEST_CASE("a command that is given again after power was lost at any moment is carried out once") {
    int answered = 0;
    int lost = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        for (std::uint64_t calls = 0; calls < 12; ++calls) {
            (command_through_power_loss(seed, calls, withdrawal(60), 40) ? answered : lost) += 1;
        }
    }
    MESSAGE("power was lost ", lost, " times before the answer, ", answered, " times after it");
    CHECK(lost > 0);
    CHECK(answered > 0);
}

TEST_CASE("a rejection that was answered before power was lost is the answer afterwards") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        for (std::uint64_t calls = 0; calls < 12; ++calls) {
            (void)command_through_power_loss(seed, calls, withdrawal(1000), 100);
        }
    }
}

}  // namespace foldback::app_tests
