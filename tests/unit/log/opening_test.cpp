#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "log/faulty_device.hpp"
#include "unit/log/damaged_log.hpp"

// Opening a log from a place in it, and on devices that fail.

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

namespace {

bool is_beginning_of(const std::vector<std::string>& beginning, const std::vector<std::string>& all) {
    return beginning.size() <= all.size() && std::equal(beginning.begin(), beginning.end(), all.begin());
}

}  // namespace

TEST_CASE("opening from a place hands over what lies at or after it") {
    const LongLog log(3);
    const auto all = open_log(log.device);

    for (std::size_t i = 0; i < all.places.size(); ++i) {
        const auto opened = open_log(log.device, small_segments(), all.places[i]);
        CHECK(opened.payloads ==
              std::vector<std::string>(log.payloads.begin() + static_cast<std::ptrdiff_t>(i), log.payloads.end()));
        CHECK(opened.log->next_position() == all.log->next_position());
        CHECK(opened.log->tail() == all.log->tail());
    }
    const auto at_tail = open_log(log.device, small_segments(), log.tail);
    CHECK(at_tail.payloads.empty());
    CHECK(at_tail.recovery.scanned_bytes == 0);
    append(*at_tail.log, "goes on");
    CHECK(open_log(log.device).payloads.back() == "goes on");
}

TEST_CASE("opening from what was the tail before and after a seal hands over the segments that follow") {
    const LongLog log(2);
    Place seal;
    {
        const auto opened = open_log(log.device);
        Log::scan_segment(*opened.log->segment(1), segment_header_bytes, {}, [&](const CommitView& commit) {
            seal = commit.place;
            return true;
        });
    }
    const Place after_seal{.segment = 1, .byte = seal.byte + commit_header_bytes};

    for (const auto from : {seal, after_seal, Place{.segment = 2, .byte = segment_header_bytes}}) {
        CHECK(open_log(log.device, small_segments(), from).payloads == std::vector<std::string>{log.payloads.back()});
    }
}

TEST_CASE("damage in the last segment is found at opening, also before the place that the index covers") {
    const auto device = log_with_messages(6);
    const auto places = open_log(device).places;
    flip_bit(*device, first_segment, places[1].byte + commit_header_bytes);

    CHECK_THROWS_AS(open_log(device, small_segments(), places[4]), DamagedLog);
    check_damaged(device, 1, places[1].byte);
}

TEST_CASE("a place behind a commit of any size is found") {
    Log::Options options;
    options.segment_bytes = 16 << 20;
    const auto device = make_memory_device();
    std::mt19937_64 random(5);
    for (const std::size_t size : {0U, 1U, 65'000U, 66'000U, 600'000U, 5'000'000U}) {
        CAPTURE(size);
        std::string payload(size, '\0');
        for (auto& byte : payload) byte = static_cast<char>(random());
        Place tail;
        {
            const auto opened = open_log(device, options);
            append(*opened.log, payload);
            tail = opened.log->tail();
            append(*opened.log, "behind it");
        }
        const auto opened = open_log(device, options, tail);
        CHECK(opened.payloads == std::vector<std::string>{"behind it"});
        CHECK(opened.recovery.scanned_bytes == opened.log->tail().byte - tail.byte);
    }
}

TEST_CASE("a place that was never a tail is refused and changes nothing") {
    const LongLog log(2);
    const auto before = contents_of(*log.device);
    const auto places = open_log(log.device).places;

    for (const auto from :
         {Place{.segment = 3, .byte = segment_header_bytes}, Place{.segment = 2, .byte = log.tail.byte + 8},
          Place{.segment = 2, .byte = 0}, Place{.segment = 1, .byte = places[3].byte + 8},
          Place{.segment = 1, .byte = small_segment_bytes}}) {
        CAPTURE(from.segment);
        CAPTURE(from.byte);
        std::size_t handed_over = 0;
        Recovery recovery;
        CHECK_THROWS_WITH_AS(
            (void)Log::open(
                log.device, small_segments(), from, [&](const CommitView&) { ++handed_over; }, recovery),
            doctest::Contains("beyond the log"), StorageError);
        CHECK(handed_over == 0);
    }
    const auto empty = make_memory_device();
    CHECK_THROWS_AS(open_log(empty, small_segments(), {.segment = 1, .byte = 5000}), StorageError);
    CHECK(empty->list().empty());
    CHECK(contents_of(*log.device) == before);
}

TEST_CASE("what recovery found survives a power loss, even after a flush that failed") {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        CAPTURE(seed);
        const auto device = std::make_shared<FaultyDevice>(seed);
        {
            const auto opened = open_log(device);
            append(*opened.log, "message 0");
            device->fail_once_after(1, std::errc::io_error);
            CHECK_THROWS_AS(append(*opened.log, "message 1"), StorageError);
        }
        device->kill();
        const auto found = open_log(device).payloads;
        device->crash();

        CHECK(open_log(device).payloads == found);
    }
}

TEST_CASE("a log whose device fails while it is opened is refused and can be opened later") {
    const auto device = std::make_shared<FaultyDevice>(11);
    {
        const auto opened = open_log(device);
        append(*opened.log, "message 0");
    }
    FaultyDevice::Faults faults;
    faults.read_fails = 1;
    device->set_faults(faults);
    CHECK_THROWS_AS(open_log(device), StorageError);
    faults = {};
    faults.sync_fails = 1;
    device->set_faults(faults);
    CHECK_THROWS_AS(open_log(device), StorageError);
    device->set_faults({});

    CHECK(open_log(device).payloads == messages(1));
}

TEST_CASE("a full device does not keep a log from being opened") {
    const auto device = std::make_shared<FaultyDevice>(12);
    append(*open_log(device).log, "message 0");
    SUBCASE("with its marker") {}
    SUBCASE("without its marker") { device->remove("FORMAT"); }
    FaultyDevice::Faults full;
    full.capacity_bytes = 0;
    device->set_faults(full);

    const auto opened = open_log(device);

    CHECK(opened.payloads == messages(1));
    CHECK(is_beginning_of(scan_payloads(*opened.log), messages(1)));
}

TEST_CASE("a log that was copied without its reserved space gets it back before it is written") {
    const auto device = log_with_messages(2);
    const auto tail = open_log(device).log->tail();
    const auto contents = read_file(*device, first_segment).substr(0, tail.byte);
    const auto faulty = std::make_shared<FaultyDevice>(13);
    write_file(*faulty, first_segment, contents);
    write_file(*faulty, "FORMAT", "foldback store format 1\n");
    FaultyDevice::Faults full;
    full.capacity_bytes = faulty->used_bytes() + 50;
    faulty->set_faults(full);

    const auto opened = open_log(faulty);
    CHECK_THROWS_AS(append(*opened.log, "message 2"), DeviceError);
    CHECK_FALSE(opened.log->poisoned());
    faulty->set_faults({});
    append(*opened.log, "message 2");

    CHECK(scan_payloads(*opened.log) == messages(3));
    CHECK(read_file(*faulty, first_segment).size() == small_segment_bytes);
}

TEST_CASE("opening reports how far it has come") {
    const LongLog log(3);
    std::vector<std::uint64_t> done;
    auto options = small_segments();
    options.on_progress = [&](const Progress& progress) {
        done.push_back(progress.done_bytes);
        CHECK(progress.total_bytes == 3 * small_segment_bytes);
    };

    static_cast<void>(open_log(log.device, options));

    CHECK(done == std::vector<std::uint64_t>{small_segment_bytes, 2 * small_segment_bytes, 3 * small_segment_bytes});
}
