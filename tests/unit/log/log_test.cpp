#include "log/log.hpp"

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "log/faulty_device.hpp"
#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

TEST_CASE("an empty device becomes a log without commits") {
    const auto device = make_memory_device();

    const auto opened = open_log(device);

    CHECK(opened.log->tail() == Place{.segment = 1, .byte = segment_header_bytes});
    CHECK(opened.log->next_position().value == 0);
    CHECK(opened.recovery.segments == 1);
    CHECK(opened.recovery.next_incarnation.value == 1);
    CHECK(device->list() == std::vector<std::string>{"0000000001.segment", "FORMAT"});
    CHECK(read_file(*device, "FORMAT") == "foldback store format 1\n");
}

TEST_CASE("what was written is handed over when the log is opened again") {
    const auto device = log_with_messages(3);

    const auto opened = open_log(device);

    CHECK(opened.payloads == messages(3));
    CHECK(opened.recovery.next_position.value == 3);
    CHECK(opened.recovery.torn_bytes == 0);
    CHECK(opened.log->next_position().value == 3);
    append(*opened.log, "message 3");
    CHECK(scan_payloads(*opened.log) == messages(4));
}

TEST_CASE("writing returns the place of the commit and moves tail and position behind it") {
    const auto opened = open_log(make_memory_device());
    Log& log = *opened.log;
    const auto before = log.tail();

    const auto place = append(log, "hello");

    CHECK(place == before);
    CHECK(log.tail().byte == before.byte + 112);
    CHECK(log.next_position().value == 1);
}

TEST_CASE("a commit that does not fit goes into the next segment") {
    const auto device = make_memory_device();
    std::vector<std::string> appended;
    {
        const auto opened = open_log(device);
        append_until_segment(*opened.log, 4, appended);

        CHECK(scan_payloads(*opened.log) == appended);
        CHECK(opened.log->segments().size() == 4);
        CHECK(opened.log->segment(5) == nullptr);
        CHECK(opened.log->segment(4)->header().next_incarnation.value == 8);
    }

    const auto reopened = open_log(device);
    CHECK(reopened.payloads == appended);
    CHECK(reopened.recovery.segments == 4);
    CHECK(reopened.recovery.next_incarnation.value == 8);
}

TEST_CASE("a commit larger than a segment gets a segment of its own size") {
    const auto device = make_memory_device();
    const std::string large(100'000, 'x');
    {
        const auto opened = open_log(device);
        append(*opened.log, "small");
        append(*opened.log, large);
        append(*opened.log, "small again");
        CHECK(opened.log->segment(2)->header().capacity > large.size());
        CHECK(opened.log->tail().segment == 2);
    }

    CHECK(open_log(device).payloads == std::vector<std::string>{"small", large, "small again"});
}

TEST_CASE("a segment is as large as was asked for, and no larger than the index can tell places of") {
    const auto capacity_of = [](std::uint64_t wanted) {
        auto options = small_segments();
        options.segment_bytes = wanted;
        return open_log(make_memory_device(), options).log->segment(1)->header().capacity;
    };

    CHECK(capacity_of(0) == 8192);
    CHECK(capacity_of(100'000) == 102'400);
    CHECK(capacity_of(1 << 30) == 1 << 30);
    CHECK(capacity_of(std::uint64_t{8} << 30) == 1 << 30);
    CHECK(capacity_of(UINT64_MAX) == 1 << 30);
}

TEST_CASE("a scan begins where it is told to and ends when told to") {
    const auto opened = open_log(make_memory_device());
    Log& log = *opened.log;
    std::vector<std::string> appended;
    append_until_segment(log, 3, appended);
    const auto third = [&] {
        std::vector<Place> places;
        log.scan({}, log.tail(), [&](const CommitView& commit) {
            places.push_back(commit.place);
            return places.size() < 3;
        });
        CHECK(places.size() == 3);
        return places[2];
    }();

    CHECK(scan_payloads(log, third) == std::vector<std::string>(appended.begin() + 2, appended.end()));
    std::vector<std::string> before;
    log.scan({}, third, [&](const CommitView& commit) {
        before.push_back(payload_of(commit));
        return true;
    });
    CHECK(before == std::vector<std::string>(appended.begin(), appended.begin() + 2));
    CHECK(scan_payloads(log, log.tail()).empty());
}

TEST_CASE("a scan may begin at what was the tail when a segment was full") {
    const auto device = make_memory_device();
    const auto opened = open_log(device);
    std::vector<std::string> appended;
    append_until_segment(*opened.log, 2, appended);
    Place after_seal;
    Log::scan_segment(*opened.log->segment(1), segment_header_bytes, {}, [&](const CommitView& commit) {
        after_seal = {.segment = 1, .byte = commit.place.byte + commit_header_bytes + commit.header.payload_bytes};
        return true;
    });

    CHECK(scan_payloads(*opened.log, after_seal) == std::vector<std::string>{appended.back()});
}

TEST_CASE("a scan refuses a place where no commit begins") {
    const auto opened = open_log(log_with_messages(3));

    CHECK_THROWS_AS(scan_payloads(*opened.log, {.segment = 1, .byte = segment_header_bytes + 8}), StorageError);
    CHECK_THROWS_AS(opened.log->scan({}, {.segment = 2, .byte = 4096}, [](const auto&) { return true; }), StorageError);
}

TEST_CASE("a scan to the end of a segment wants to see its seal") {
    const auto device = log_with_messages(3);
    const auto opened = open_log(device);
    const auto whole = opened.log->segment(1);
    write_file(*device, "cut", read_file(*device, "0000000001.segment").substr(0, opened.log->tail().byte));
    const Segment cut(whole->header(), device->open("cut", LogDevice::Open::read_only));

    CHECK_THROWS_AS(Log::scan_segment(cut, segment_header_bytes, {}, [](const auto&) { return true; }), StorageError);
    CHECK_THROWS_AS(Log::scan_segment(*whole, segment_header_bytes, {}, [](const auto&) { return true; }),
                    StorageError);
}

TEST_CASE("a segment tells when it is read beyond its end") {
    const auto opened = open_log(log_with_messages(1));
    std::string buffer(100, '\0');

    CHECK_NOTHROW(opened.log->segment(1)->read(0, std::as_writable_bytes(std::span(buffer))));
    CHECK_THROWS_AS(opened.log->segment(1)->read(small_segment_bytes - 50, std::as_writable_bytes(std::span(buffer))),
                    StorageError);
}

TEST_CASE("writing without having made room is refused") {
    const auto opened = open_log(make_memory_device());
    CommitBuilder commit;
    fill_commit(commit, std::string(5000, 'x'), {0});

    CHECK_THROWS_AS(opened.log->write(commit, 0), std::logic_error);
    CHECK_FALSE(opened.log->poisoned());
}

TEST_CASE("a failed flush breaks the log until it is opened again") {
    const auto device = std::make_shared<FaultyDevice>(1);
    auto opened = open_log(device);
    append(*opened.log, "message 0");
    const auto tail = opened.log->tail();

    device->fail_once_after(1, std::errc::io_error);  // the write succeeds, the flush does not
    CHECK_THROWS_AS(append(*opened.log, "lost or not"), StorageError);

    CHECK(opened.log->poisoned());
    CHECK(opened.log->tail() == tail);
    CHECK(opened.log->next_position().value == 1);
    const auto syncs = device->syncs();
    CHECK_THROWS_WITH_AS(append(*opened.log, "more"), doctest::Contains("until it is reopened"), StorageError);
    CHECK_FALSE(opened.log->prepare_next_segment());
    CHECK(device->syncs() == syncs);
    CHECK(scan_payloads(*opened.log) == messages(1));
}

TEST_CASE("a failed write breaks the log until it is opened again") {
    const auto device = std::make_shared<FaultyDevice>(1);
    auto opened = open_log(device);
    append(*opened.log, "message 0");

    device->fail_once_after(0, std::errc::io_error);
    CHECK_THROWS_AS(append(*opened.log, "torn"), StorageError);
    CHECK(opened.log->poisoned());
    opened.log.reset();

    const auto reopened = open_log(device);
    CHECK(reopened.payloads.front() == "message 0");
    CHECK(reopened.payloads.size() <= 2);
    append(*reopened.log, "goes on");
}

TEST_CASE("without space for the next segment nothing changes and a later attempt succeeds") {
    const auto device = std::make_shared<FaultyDevice>(1);
    auto opened = open_log(device);
    Log& log = *opened.log;
    const std::string large(1500, 'x');
    append(log, large);
    append(log, large);
    const auto before = contents_of(*device);
    const auto tail = log.tail();
    FaultyDevice::Faults full;
    full.capacity_bytes = device->used_bytes() + 100;
    device->set_faults(full);

    for (int attempt = 0; attempt < 3; ++attempt) {
        try {
            append(log, large);
            FAIL("there should be no space");
        } catch (const DeviceError& error) {
            CHECK(error.is_full());
        }
        CHECK(contents_of(*device) == before);
        CHECK(log.tail() == tail);
        CHECK_FALSE(log.poisoned());
    }
    append(log, "a small one still fits");
    device->set_faults({});
    append(log, large);

    CHECK(log.tail().segment == 2);
    const std::vector<std::string> all{large, large, "a small one still fits", large};
    CHECK(scan_payloads(log) == all);
    opened.log.reset();
    CHECK(open_log(device).payloads == all);
}

TEST_CASE("a lack of space at any step of beginning the next segment changes nothing") {
    const std::string large(1500, 'x');
    for (std::uint64_t call = 0; call < 4; ++call) {  // creating, reserving, writing and flushing its header
        CAPTURE(call);
        const auto device = std::make_shared<FaultyDevice>(call);
        auto opened = open_log(device);
        append(*opened.log, large);
        append(*opened.log, large);
        const auto before = contents_of(*device);
        device->fail_once_after(call, std::errc::no_space_on_device);

        CHECK_THROWS_AS(append(*opened.log, large), DeviceError);

        CHECK(contents_of(*device) == before);
        CHECK_FALSE(opened.log->poisoned());
        append(*opened.log, large);
        CHECK(opened.log->tail().segment == 2);
    }
}

TEST_CASE("a spare that is only partly filled is taken when there is space for nothing else") {
    const auto device = std::make_shared<FaultyDevice>(5);
    Log::Options options;
    options.segment_bytes = 3 << 20;
    auto opened = open_log(device, options);
    append(*opened.log, std::string(2 << 20, 'x'));
    CHECK(opened.log->prepare_next_segment());
    FaultyDevice::Faults full;
    full.capacity_bytes = device->used_bytes();
    device->set_faults(full);

    append(*opened.log, std::string(2 << 20, 'y'));

    CHECK(device->list() == std::vector<std::string>{"0000000001.segment", "0000000002.segment", "FORMAT"});
    CHECK(opened.log->segment(2)->header().capacity == options.segment_bytes);
    opened.log.reset();
    CHECK(open_log(device, options).payloads.size() == 2);
}

TEST_CASE("a commit fits only as long as there is room for the seal") {
    for (const std::uint64_t surplus : {0U, 8U}) {
        CAPTURE(surplus);
        const auto device = make_memory_device();
        const auto opened = open_log(device);
        Log& log = *opened.log;
        append(log, "first");
        CommitBuilder empty;
        fill_commit(empty, "", {0});
        const auto room = small_segment_bytes - log.tail().byte - commit_header_bytes - empty.size();

        append(log, std::string(room + surplus, 'x'));
        CHECK(log.tail().segment == (surplus == 0 ? 1 : 2));
        append(log, "last");

        CHECK(log.tail().segment == (surplus == 0 ? 2 : 3));
        CHECK(read_file(*device, "0000000001.segment").size() == small_segment_bytes);
        CHECK(open_log(device).payloads.size() == 3);
    }
}

TEST_CASE("any failure while the next segment is begun breaks the log or changes nothing") {
    const std::string large(1500, 'x');
    for (std::uint64_t call = 0;; ++call) {
        CAPTURE(call);
        const auto device = std::make_shared<FaultyDevice>(call);
        auto opened = open_log(device);
        append(*opened.log, large);
        append(*opened.log, large);
        const auto calls = device->changing_calls();
        device->fail_once_after(call, std::errc::io_error);

        bool failed = false;
        try {
            opened.log->ensure_room(large.size() + 200, {8});
        } catch (const StorageError&) {
            failed = true;
        }
        if (!failed) {
            CHECK(device->changing_calls() - calls <= call);
            CHECK(call > 5);
            break;
        }
        CHECK(opened.log->poisoned());
        opened.log.reset();
        device->kill();
        auto reopened = open_log(device);
        CHECK(reopened.payloads == std::vector<std::string>{large, large});
        append(*reopened.log, large);
        reopened.log.reset();
        device->crash();
        CHECK(open_log(device).payloads == std::vector<std::string>{large, large, large});
    }
}

TEST_CASE("a segment filled ahead becomes the next segment") {
    const auto device = make_memory_device();
    const auto opened = open_log(device);
    while (opened.log->prepare_next_segment()) {
    }
    CHECK(device->list().back() == "next.spare");
    CHECK_FALSE(opened.log->prepare_next_segment());

    std::vector<std::string> appended;
    append_until_segment(*opened.log, 2, appended);

    CHECK(device->list() == std::vector<std::string>{"0000000001.segment", "0000000002.segment", "FORMAT"});
    CHECK(scan_payloads(*opened.log) == appended);
}

TEST_CASE("segments are filled ahead while others write and read") {
    Log::Options options;
    options.segment_bytes = 1 << 16;
    const auto device = make_memory_device();
    const auto opened = open_log(device, options);
    Log& log = *opened.log;
    std::atomic<bool> stop{false};
    std::thread filler([&] {
        while (!stop) {
            if (!log.prepare_next_segment()) std::this_thread::yield();
        }
    });
    std::thread reader([&] {
        while (!stop) {
            std::uint64_t expected = 0;
            const auto tail = log.tail();
            log.scan({}, tail, [&](const CommitView& commit) {
                if (commit.header.records != 0) CHECK(payload_of(commit) == "message " + std::to_string(expected++));
                return true;
            });
        }
    });
    std::vector<std::string> appended;
    append_until_segment(log, 6, appended);
    stop = true;
    filler.join();
    reader.join();

    CHECK(scan_payloads(log) == appended);
}
