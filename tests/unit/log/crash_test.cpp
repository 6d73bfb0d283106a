#include <algorithm>
#include <cstdlib>
#include <random>

#include <doctest/doctest.h>

#include "log/faulty_device.hpp"
#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

namespace {

/// How many random histories are tried; more by FOLDBACK_CRASH_SEEDS, from FOLDBACK_CRASH_FIRST_SEED on.
std::uint64_t number_from(const char* variable, std::uint64_t usual) {
    const char* text = std::getenv(variable);
    return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

/// The log and what it must hold: everything acknowledged, then perhaps the append that was under way.
class History {
public:
    explicit History(std::uint64_t seed) : random_(seed), device_(std::make_shared<FaultyDevice>(seed)) {}

    void run(int lives) {
        for (int life = 0; life < lives; ++life) {
            CAPTURE(life);
            device_->set_faults({});
            if (!recover()) return;
            set_random_faults();
            const bool ended_well = work();
            log_.reset();
            end_life(ended_well);
        }
        device_->set_faults({});
        recover();
    }

private:
    /// Opens the log, at times dying while doing so, and compares it with what was acknowledged.
    bool recover() {
        for (std::uint64_t attempt = 0; attempt < 3; ++attempt) {
            device_->lose_power_after(random_() % 12);
            try {
                static_cast<void>(open_log(device_));
            } catch (const DamagedLog& damage) {
                FAIL_CHECK(damage.what());
                return false;
            } catch (const StorageError&) {
            }
            random_() % 2 == 0 ? device_->crash() : device_->kill();
        }
        auto opened = open_log(device_);
        const auto known = acknowledged_.size();
        REQUIRE(opened.payloads.size() >= known);
        REQUIRE(opened.payloads.size() <= known + 1);
        REQUIRE(std::equal(acknowledged_.begin(), acknowledged_.end(), opened.payloads.begin()));
        if (opened.payloads.size() > known) {
            REQUIRE(opened.payloads.back() == under_way_);
            acknowledged_.push_back(under_way_);
        }
        REQUIRE(opened.log->next_position().value == acknowledged_.size());
        REQUIRE(opened.recovery.next_incarnation.value <= next_incarnation_);
        log_ = std::move(opened.log);
        under_way_.clear();
        return true;
    }

    void set_random_faults() {
        FaultyDevice::Faults faults;
        if (random_() % 4 == 0) faults.write_fails = 0.02;
        if (random_() % 4 == 0) faults.sync_fails = 0.02;
        if (random_() % 2 == 0) faults.short_write = 0.5;
        if (random_() % 4 == 0) faults.capacity_bytes = device_->used_bytes() + random_() % 40'000;
        device_->set_faults(faults);
        if (random_() % 2 == 0) device_->lose_power_after(random_() % 80);
    }

    /// Appends, fills ahead and rewrites until something breaks; true when nothing did.
    bool work() {
        const auto steps = random_() % 60;
        for (std::uint64_t step = 0; step < steps; ++step) {
            try {
                if (random_() % 4 == 0) log_->prepare_next_segment();
                if (random_() % 16 == 0) rewrite_a_segment();
                append_something();
            } catch (const DeviceError& error) {
                if (!error.is_full()) return false;
                REQUIRE_FALSE(log_->poisoned());
                under_way_.clear();
                if (random_() % 2 == 0) {
                    auto faults = FaultyDevice::Faults();
                    device_->set_faults(faults);
                }
            } catch (const StorageError&) {
                if (log_->poisoned()) {
                    CHECK_THROWS_AS(append(*log_, "never"), StorageError);
                    return false;
                }
            }
        }
        return true;
    }

    void append_something() {
        under_way_ = std::to_string(acknowledged_.size()) + ":";
        under_way_.append(random_() % (random_() % 8 == 0 ? 12'000 : 300), static_cast<char>('a' + random_() % 26));
        next_incarnation_ = 8;
        append(*log_, under_way_);
        acknowledged_.push_back(std::exchange(under_way_, {}));
    }

    /// Writes a new generation of a sealed segment with everything in it.
    void rewrite_a_segment() {
        const auto last = log_->tail().segment;
        if (last < 2) return;
        const auto number = 1 + random_() % (last - 1);
        auto rewrite = log_->begin_rewrite(number);
        CommitBuilder copy;
        Log::scan_segment(*log_->segment(number), segment_header_bytes, {}, [&](const CommitView& commit) {
            if (commit.header.records == 0) return true;
            copy.clear();
            copy.add_encoded(commit.payload);
            copy.count_messages(commit.header.messages);
            rewrite.add(copy, commit.header.first_position, commit.header.timestamp_ms);
            return true;
        });
        if (random_() % 4 == 0) return;
        log_->publish(log_->finish_rewrite(std::move(rewrite)));
    }

    void end_life(bool ended_well) {
        if (ended_well && random_() % 3 == 0) return device_->kill();
        random_() % 3 == 0 ? device_->kill() : device_->crash();
    }

    std::mt19937_64 random_;
    std::shared_ptr<FaultyDevice> device_;
    std::unique_ptr<Log> log_;
    std::vector<std::string> acknowledged_;
    std::string under_way_;
    std::uint64_t next_incarnation_ = 1;
};

}  // namespace

TEST_CASE("whatever happens to the device, what was acknowledged is there and nothing else") {
    const auto first = number_from("FOLDBACK_CRASH_FIRST_SEED", 1);
    const auto count = number_from("FOLDBACK_CRASH_SEEDS", 300);
    for (auto seed = first; seed < first + count; ++seed) {
        CAPTURE(seed);
        History(seed).run(8);
    }
}

TEST_CASE("a power loss at any call of appending and rolling loses nothing acknowledged") {
    const std::string large(1500, 'x');
    for (std::uint64_t call = 0; call < 60; ++call) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            CAPTURE(call);
            CAPTURE(seed);
            const auto device = std::make_shared<FaultyDevice>(seed);
            device->lose_power_after(call);
            std::size_t acknowledged = 0;
            try {
                const auto opened = open_log(device);
                for (; acknowledged < 8; ++acknowledged) {
                    if (acknowledged == 3) {
                        while (opened.log->prepare_next_segment()) {
                        }
                    }
                    append(*opened.log, large + std::to_string(acknowledged));
                }
            } catch (const StorageError&) {
            } catch (const DeviceError&) {
            }
            device->crash();

            auto opened = open_log(device);
            REQUIRE(opened.payloads.size() >= acknowledged);
            REQUIRE(opened.payloads.size() <= acknowledged + 1);
            for (std::size_t i = 0; i < opened.payloads.size(); ++i) {
                REQUIRE(opened.payloads[i] == large + std::to_string(i));
            }
            const auto found = opened.payloads;
            append(*opened.log, "goes on");
            opened.log.reset();
            device->crash();
            REQUIRE(open_log(device).payloads.size() == found.size() + 1);
        }
    }
}

TEST_CASE("a power loss at any call of rewriting leaves the old segment or the new one") {
    const auto prepare = [](const std::shared_ptr<FaultyDevice>& device) {
        auto opened = open_log(device);
        for (int i = 0; i < 6; ++i) append(*opened.log, std::string(1500, static_cast<char>('a' + i)));
        return std::move(opened.log);
    };
    bool saw_old = false;
    bool saw_new = false;
    for (std::uint64_t call = 0; call < 12; ++call) {
        for (std::uint64_t seed = 0; seed < 20; ++seed) {
            CAPTURE(call);
            CAPTURE(seed);
            const auto device = std::make_shared<FaultyDevice>(seed);
            auto log = prepare(device);
            REQUIRE(log->tail().segment == 3);
            device->lose_power_after(call);
            bool finished = false;
            try {
                log->publish(log->finish_rewrite(log->begin_rewrite(1)));
                finished = true;
            } catch (const StorageError&) {
            }
            log.reset();
            device->crash();

            const auto opened = open_log(device);
            const bool is_new = opened.log->segment(1)->header().generation == 1;
            REQUIRE(opened.payloads.size() == (is_new ? 4 : 6));
            REQUIRE((is_new || !finished));
            REQUIRE(opened.log->next_position().value == 6);
            (is_new ? saw_new : saw_old) = true;
        }
    }
    CHECK(saw_old);
    CHECK(saw_new);
}
