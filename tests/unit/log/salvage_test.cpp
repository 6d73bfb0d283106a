#include <algorithm>

#include <doctest/doctest.h>

#include "log/faulty_device.hpp"
#include "log/verify.hpp"
#include "unit/log/sample_log.hpp"

// What is kept of a damaged log, and what is put aside.

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

TEST_CASE("a salvage leaves a sound log and its device alone") {
    const Sample sample;
    damage(*sample.device, 3, sample.places.back().byte + 70);  // a torn tail
    const auto before = contents_of(*sample.device);

    const auto report = salvage(*sample.device);

    CHECK(report.actions.empty());
    CHECK(report.kept_commits == sample.payloads.size() + 1);
    CHECK(report.quarantined_bytes == 0);
    CHECK(contents_of(*sample.device) == before);
}

namespace {

/// Another one, of which this process cannot open one file.
class Denying final : public LogDevice {
public:
    Denying(std::shared_ptr<LogDevice> inner, std::string name, std::errc error)
        : inner_(std::move(inner)), name_(std::move(name)), error_(error) {}

    std::unique_ptr<LogFile> open(std::string_view name, Open mode) override {
        if (name == name_) throw DeviceError(std::make_error_code(error_), "opening " + name_);
        return inner_->open(name, mode);
    }
    std::vector<std::string> list() const override { return inner_->list(); }
    void rename(std::string_view from, std::string_view to) override { inner_->rename(from, to); }
    void remove(std::string_view name) override { inner_->remove(name); }
    void sync_directory() override { inner_->sync_directory(); }
    std::unique_ptr<DeviceLock> try_lock() override { return inner_->try_lock(); }
    std::string describe(std::string_view name) const override { return inner_->describe(name); }

private:
    std::shared_ptr<LogDevice> inner_;
    std::string name_;
    std::errc error_;
};

}  // namespace

TEST_CASE("what this process may not open, or has no room to, is not cut off") {
    const Sample sample;
    const auto before = contents_of(*sample.device);
    for (const auto error : {std::errc::permission_denied, std::errc::operation_not_permitted,
                             std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
                             std::errc::not_enough_memory, std::errc::too_many_symbolic_link_levels}) {
        CAPTURE(std::make_error_code(error).message());
        Denying denying(sample.device, segment_name(2), error);

        CHECK_THROWS_AS(static_cast<void>(verify(denying, {})), StorageError);
        CHECK_THROWS_AS(static_cast<void>(salvage(denying)), StorageError);

        CHECK(contents_of(*sample.device) == before);
    }
}

TEST_CASE("a salvaged log holds what lay before the first damage and goes on") {
    const Sample sample;
    Place first;
    SUBCASE("in the first segment") { first = sample.places[5]; }
    SUBCASE("in the first commit") { first = sample.places[0]; }
    SUBCASE("in the second segment") {
        first =
            *std::find_if(sample.places.begin(), sample.places.end(), [](Place place) { return place.segment == 2; });
    }
    SUBCASE("in the last segment") { first = sample.places[sample.places.size() - 3]; }
    damage(*sample.device, first.segment, first.byte + 60);
    const auto damaged = contents_of(*sample.device);

    const auto report = salvage(*sample.device);

    const auto kept = sample.messages_before(first);
    std::vector<std::string> expected(sample.payloads.begin(),
                                      sample.payloads.begin() + static_cast<std::ptrdiff_t>(kept));
    CHECK(report.kept_commits == kept + first.segment - 1);
    CHECK(report.quarantined_bytes == (3 - first.segment + 1) * small_segment_bytes);
    CHECK_FALSE(report.actions.empty());
    CHECK(verified(*sample.device).sound());
    {
        const auto opened = open_log(sample.device);
        CHECK(opened.payloads == expected);
        CHECK(opened.log->next_position().value == kept);
        // More than any stream that the lost records can have created.
        CHECK(opened.recovery.next_incarnation.value > 8 + small_segment_bytes / record_header_bytes);
        for (int i = 0; i < 100; ++i) {
            expected.push_back("after the salvage");
            append(*opened.log, expected.back());
        }
    }
    CHECK(open_log(sample.device).payloads == expected);
    for (const auto& [name, contents] : damaged) {
        if (segment_number_of(name).value_or(0) >= first.segment) {
            CHECK(read_file(*sample.device, "quarantine-" + name) == contents);
        }
    }
    CHECK(salvage(*sample.device).actions.empty());
}

TEST_CASE("a segment whose header is lost is put aside as a whole") {
    const Sample sample;
    std::size_t kept = 0;
    SUBCASE("the first") {
        damage(*sample.device, 1, 20);
        CHECK(salvage(*sample.device).kept_commits == 0);
        CHECK(sample.device->list() ==
              std::vector<std::string>{"0000000001.segment", "FORMAT", "quarantine-0000000001.segment",
                                       "quarantine-0000000002.segment", "quarantine-0000000003.segment"});
    }
    SUBCASE("a later one") {
        damage(*sample.device, 2, 20);
        kept = sample.messages_before({.segment = 2, .byte = 0});
        CHECK(salvage(*sample.device).kept_commits == kept + 1);
    }

    const auto opened = open_log(sample.device);
    CHECK(opened.payloads.size() == kept);
    CHECK(opened.recovery.next_incarnation.value > 8);
    append(*opened.log, "goes on");
}

TEST_CASE("segments after a missing one are put aside") {
    const Sample sample;
    std::size_t kept = 0;
    SUBCASE("the first") { sample.device->remove(name_of(1)); }
    SUBCASE("the second") {
        sample.device->remove(name_of(2));
        kept = sample.messages_before({.segment = 2, .byte = 0});
    }
    SUBCASE("all") {
        for (std::uint64_t number = 1; number <= 3; ++number) sample.device->remove(name_of(number));
    }

    CHECK_FALSE(salvage(*sample.device).actions.empty());

    CHECK(verified(*sample.device).sound());
    CHECK(open_log(sample.device).payloads.size() == kept);
}

TEST_CASE("a damaged FORMAT file is replaced, one of a newer version is respected") {
    const Sample sample;
    write_file(*sample.device, "FORMAT", "foldback store format 2\n");
    CHECK_THROWS_AS(static_cast<void>(salvage(*sample.device)), StorageError);

    write_file(*sample.device, "FORMAT", "?");
    const auto report = salvage(*sample.device);

    CHECK(report.kept_commits == sample.payloads.size() + 2);
    CHECK(read_file(*sample.device, "quarantine-FORMAT") == "?");
    CHECK(open_log(sample.device).payloads == sample.payloads);
}

TEST_CASE("a second salvage keeps what the first one put aside") {
    const Sample sample;
    damage(*sample.device, 2, 20);
    static_cast<void>(salvage(*sample.device));
    const auto aside = read_file(*sample.device, "quarantine-0000000002.segment");
    damage(*sample.device, 2, 21);

    static_cast<void>(salvage(*sample.device));

    CHECK(read_file(*sample.device, "quarantine-0000000002.segment") == aside);
    CHECK(read_file(*sample.device, "quarantine-2-0000000002.segment") != aside);
    CHECK(verified(*sample.device).sound());
}

TEST_CASE("a salvage that dies at any call can be repeated and loses nothing") {
    const Sample sample;
    const auto first =
        *std::find_if(sample.places.begin(), sample.places.end(), [](Place place) { return place.segment == 2; });
    const auto kept = sample.messages_before(first);
    damage(*sample.device, 2, first.byte + 60);
    const auto original = contents_of(*sample.device);

    bool finished = false;
    for (std::uint64_t call = 0; !finished; ++call) {
        for (std::uint64_t seed = 0; seed < 5; ++seed) {
            CAPTURE(call);
            CAPTURE(seed);
            const auto device = std::make_shared<FaultyDevice>(seed);
            for (const auto& [name, contents] : original) write_file(*device, name, contents);
            device->lose_power_after(call);
            bool is_salvaged = false;
            try {
                static_cast<void>(salvage(*device));
                is_salvaged = true;
                finished = true;
            } catch (const StorageError&) {
            }
            device->crash();

            if (!is_salvaged) static_cast<void>(salvage(*device));

            const auto opened = open_log(device);
            REQUIRE(opened.payloads.size() == kept);
            if (is_salvaged) REQUIRE(opened.recovery.next_incarnation.value > 100);
            for (const auto& [name, contents] : original) {
                if (segment_number_of(name).value_or(0) < 2) continue;
                bool is_aside = false;
                for (const auto& other : device->list()) {
                    is_aside = is_aside || (other.starts_with("quarantine-") && other.ends_with(name) &&
                                            read_file(*device, other) == contents);
                }
                REQUIRE(is_aside);
            }
        }
    }
}
