#include "log/faulty_device.hpp"

#include <set>

#include <doctest/doctest.h>

#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

namespace {

constexpr int seeds = 200;

/// The contents of "a", empty when it is not there.
std::string contents_of_a(FaultyDevice& device) {
    const auto names = device.list();
    return std::find(names.begin(), names.end(), "a") == names.end() ? std::string() : read_file(device, "a");
}

/// What can be found after a crash, over many seeds. `prepare` works on the device and leaves something unsynced.
std::set<std::string> outcomes_of_crash(const std::function<void(FaultyDevice&)>& prepare) {
    std::set<std::string> outcomes;
    for (int seed = 0; seed < seeds; ++seed) {
        FaultyDevice device(static_cast<std::uint64_t>(seed));
        prepare(device);
        device.crash();
        outcomes.insert(contents_of_a(device));
    }
    return outcomes;
}

}  // namespace

TEST_CASE("synced data in a synced name survives every crash") {
    const auto outcomes = outcomes_of_crash([](FaultyDevice& device) { write_file(device, "a", "abc"); });

    CHECK(outcomes == std::set<std::string>{"abc"});
}

TEST_CASE("unsynced writes survive in any combination") {
    const auto outcomes = outcomes_of_crash([](FaultyDevice& device) {
        write_file(device, "a", "...");
        const auto file = device.open("a", LogDevice::Open::read_write);
        file->write_at(0, as_bytes("1"));
        file->write_at(1, as_bytes("2"));
        file->write_at(2, as_bytes("3"));
    });

    CHECK(outcomes == std::set<std::string>{"...", "1..", ".2.", "..3", "12.", "1.3", ".23", "123"});
}

TEST_CASE("an unsynced write can be torn between sectors, never inside one") {
    const auto outcomes = outcomes_of_crash([](FaultyDevice& device) {
        write_file(device, "a", std::string(1500, '.'));
        device.open("a", LogDevice::Open::read_write)->write_at(100, as_bytes(std::string(1200, 'x')));
    });

    // Sectors 0, 1 and 2 hold parts of it.
    const auto outcome = [](bool first, bool second, bool third) {
        return std::string(100, '.') + std::string(412, first ? 'x' : '.') + std::string(512, second ? 'x' : '.') +
               std::string(276, third ? 'x' : '.') + std::string(200, '.');
    };
    std::set<std::string> possible;
    for (int i = 0; i < 8; ++i) possible.insert(outcome((i & 1) != 0, (i & 2) != 0, (i & 4) != 0));
    CHECK(outcomes == possible);
}

TEST_CASE("reserved space may be lost or read as zeros") {
    const auto outcomes = outcomes_of_crash([](FaultyDevice& device) {
        write_file(device, "a", "abc");
        device.open("a", LogDevice::Open::read_write)->allocate(6);
    });

    CHECK(outcomes == std::set<std::string>{"abc", std::string("abc\0\0\0", 6)});
}

TEST_CASE("an unsynced creation may be lost, and synced data with it") {
    const auto outcomes = outcomes_of_crash([](FaultyDevice& device) {
        const auto file = device.open("a", LogDevice::Open::create_new);
        file->write_at(0, as_bytes("abc"));
        file->sync();
    });

    CHECK(outcomes == std::set<std::string>{"", "abc"});
}

TEST_CASE("unsynced changes of names keep their order") {
    const auto outcomes = outcomes_of_crash([](FaultyDevice& device) {
        write_file(device, "a", "first");
        write_file(device, "b", "second");
        write_file(device, "c", "third");
        device.rename("b", "a");
        device.rename("c", "a");
        device.remove("a");
    });

    CHECK(outcomes == std::set<std::string>{"", "first", "second", "third"});
}

TEST_CASE("a killed process leaves what it wrote, unsynced as it was") {
    std::set<std::string> outcomes;
    for (int seed = 0; seed < seeds; ++seed) {
        FaultyDevice device(static_cast<std::uint64_t>(seed));
        write_file(device, "a", "abc");
        device.open("a", LogDevice::Open::read_write)->write_at(0, as_bytes("X"));
        device.kill();
        CHECK(contents_of_a(device) == "Xbc");
        device.crash();
        outcomes.insert(contents_of_a(device));
    }
    CHECK(outcomes == std::set<std::string>{"abc", "Xbc"});
}

TEST_CASE("files and locks of a dead process are useless, and the lock is free") {
    FaultyDevice device(1);
    for (const bool is_crash : {false, true}) {
        write_file(device, "a", "abc");
        const auto file = device.open("a", LogDevice::Open::read_write);
        auto lock = device.try_lock();
        REQUIRE(lock);

        is_crash ? device.crash() : device.kill();

        CHECK_THROWS_AS(file->write_at(0, as_bytes("x")), DeviceError);
        CHECK_THROWS_AS(file->sync(), DeviceError);
        CHECK_THROWS_AS(static_cast<void>(file->size()), DeviceError);
        std::byte byte{};
        CHECK_THROWS_AS(static_cast<void>(file->read_at(0, {&byte, 1})), DeviceError);
        const auto new_lock = device.try_lock();
        CHECK(new_lock);
        lock.reset();
        CHECK_FALSE(device.try_lock());
    }
}

TEST_CASE("a failed sync loses data that reads still show and that no later sync brings back") {
    std::set<std::string> outcomes;
    for (int seed = 0; seed < seeds; ++seed) {
        FaultyDevice device(static_cast<std::uint64_t>(seed));
        write_file(device, "a", "..");
        const auto file = device.open("a", LogDevice::Open::read_write);
        file->write_at(0, as_bytes("1"));
        file->write_at(1, as_bytes("2"));
        device.fail_once_after(0, std::errc::io_error);

        CHECK_THROWS_AS(file->sync(), DeviceError);
        CHECK(contents_of_a(device) == "12");
        file->sync();
        device.crash();

        outcomes.insert(contents_of_a(device));
    }
    CHECK(outcomes == std::set<std::string>{"..", "1.", ".2", "12"});
}

TEST_CASE("a failed write leaves any beginning of it") {
    std::set<std::string> outcomes;
    for (int seed = 0; seed < seeds; ++seed) {
        FaultyDevice device(static_cast<std::uint64_t>(seed));
        write_file(device, "a", "....");
        const auto file = device.open("a", LogDevice::Open::read_write);
        device.fail_once_after(0, std::errc::io_error);
        CHECK_THROWS_AS(file->write_at(0, as_bytes("xyz")), DeviceError);
        outcomes.insert(contents_of_a(device));
    }
    CHECK(outcomes == std::set<std::string>{"....", "x...", "xy..", "xyz."});
}

TEST_CASE("faults come as often as they are asked for and are counted") {
    FaultyDevice device(7);
    write_file(device, "a", "abc");
    const auto file = device.open("a", LogDevice::Open::read_write);
    FaultyDevice::Faults faults;
    faults.write_fails = 0.5;
    faults.sync_fails = 0.25;
    faults.read_fails = 0.1;
    device.set_faults(faults);
    int failed_writes = 0;
    int failed_syncs = 0;
    int failed_reads = 0;
    std::byte byte{};

    for (int i = 0; i < 1000; ++i) {
        const auto count = [](int& failed, auto work) {
            try {
                work();
            } catch (const DeviceError&) {
                ++failed;
            }
        };
        count(failed_writes, [&] { file->write_at(0, as_bytes("x")); });
        count(failed_syncs, [&] { file->sync(); });
        count(failed_reads, [&] { static_cast<void>(file->read_at(0, {&byte, 1})); });
    }

    CHECK(failed_writes > 400);
    CHECK(failed_writes < 600);
    CHECK(failed_syncs > 180);
    CHECK(failed_syncs < 320);
    CHECK(failed_reads > 50);
    CHECK(failed_reads < 160);
    CHECK(device.faults_injected() == static_cast<std::uint64_t>(failed_writes + failed_syncs + failed_reads));
}

TEST_CASE("a device is full at its capacity, and overwriting needs no space") {
    FaultyDevice device(1);
    write_file(device, "a", std::string(1000, 'a'));
    const auto file = device.open("a", LogDevice::Open::read_write);
    FaultyDevice::Faults faults;
    faults.capacity_bytes = 1500;
    device.set_faults(faults);
    const auto is_full = [](const std::function<void()>& work) {
        try {
            work();
        } catch (const DeviceError& error) {
            return error.is_full();
        }
        return false;
    };

    CHECK(is_full([&] { file->allocate(1501); }));
    CHECK(file->size() == 1000);
    file->write_at(0, as_bytes(std::string(1000, 'b')));
    CHECK(is_full([&] { file->write_at(1000, as_bytes(std::string(501, 'c'))); }));
    CHECK(device.used_bytes() <= 1500);
    file->allocate(1500);
    CHECK(is_full([&] { device.open("b", LogDevice::Open::create_new)->write_at(0, as_bytes("x")); }));
    device.remove("a");
    device.open("c", LogDevice::Open::create_new)->write_at(0, as_bytes(std::string(1500, 'x')));
}

TEST_CASE("after the power is lost every call fails until the crash") {
    FaultyDevice device(1);
    write_file(device, "a", "abc");
    const auto file = device.open("a", LogDevice::Open::read_write);
    device.lose_power_after(1);

    file->write_at(0, as_bytes("x"));
    CHECK_THROWS_AS(file->sync(), DeviceError);
    CHECK_THROWS_AS(file->write_at(0, as_bytes("x")), DeviceError);
    CHECK_THROWS_AS(static_cast<void>(device.list()), DeviceError);
    CHECK_THROWS_AS(device.sync_directory(), DeviceError);
    CHECK_THROWS_AS(static_cast<void>(device.try_lock()), DeviceError);
    CHECK(device.faults_injected() == 1);
    device.crash();

    CHECK(contents_of_a(device).substr(1) == "bc");
}

TEST_CASE("a flipped bit stays flipped") {
    FaultyDevice device(1);
    write_file(device, "a", "abc");

    device.flip_bit("a", 8);
    CHECK(contents_of_a(device) == "acc");
    device.crash();

    CHECK(contents_of_a(device) == "acc");
}

TEST_CASE("the same seed and the same calls do the same") {
    const auto run = [](std::uint64_t seed) {
        FaultyDevice device(seed);
        for (int round = 0; round < 20; ++round) {
            const auto name = std::to_string(round % 3);
            try {
                write_file(device, name, std::string(5000, static_cast<char>('a' + round)));
                device.open(name, LogDevice::Open::read_write)->write_at(100, as_bytes(std::string(3000, 'x')));
            } catch (const DeviceError&) {
            }
            device.crash();
        }
        return contents_of(device);
    };

    CHECK(run(1) == run(1));
    CHECK(run(1) != run(2));
}
