#include <doctest/doctest.h>

#include "log/faulty_device.hpp"
#include "log/log.hpp"
#include "unit/log/log_fixture.hpp"

// Segments that are written anew without what is dead in them.

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

TEST_CASE("a rewritten segment replaces the old one when it is published, and at the next opening") {
    const auto device = make_memory_device();
    std::vector<std::string> appended;
    auto opened = open_log(device);
    Log& log = *opened.log;
    append_until_segment(log, 3, appended);
    const auto old = log.segment(2);
    const auto next_position = log.next_position();

    auto rewrite = log.begin_rewrite(2);
    std::size_t number = 0;
    std::vector<std::string> kept;
    Log::scan_segment(*old, segment_header_bytes, {}, [&](const CommitView& commit) {
        if (commit.header.records == 0 || number++ % 3 != 1) return true;
        CommitBuilder copy;
        copy.add_encoded(commit.payload);
        copy.count_messages(1);
        rewrite.add(copy, commit.header.first_position, commit.header.timestamp_ms);
        kept.push_back(payload_of(commit));
        return true;
    });
    const auto fresh = log.finish_rewrite(std::move(rewrite));
    CHECK(log.segment(2) == old);
    CHECK(scan_payloads(log) == appended);
    log.publish(fresh);

    CHECK(log.segment(2) == fresh);
    CHECK(fresh->header().generation == 1);
    CHECK(fresh->header().epoch != old->header().epoch);
    CHECK(fresh->header().capacity < small_segment_bytes);
    std::vector<std::string> of_fresh;
    Log::scan_segment(*fresh, segment_header_bytes, {}, [&](const CommitView& commit) {
        if (commit.header.records != 0) of_fresh.push_back(payload_of(commit));
        return true;
    });
    CHECK(of_fresh == kept);
    const auto all = scan_payloads(log);
    std::size_t old_commits = 0;
    Log::scan_segment(*old, segment_header_bytes, {}, [&](const CommitView& commit) {
        old_commits += commit.header.records;
        return true;
    });
    CHECK(old_commits == number);
    opened.log.reset();
    const auto reopened = open_log(device);
    CHECK(reopened.payloads == all);
    CHECK(reopened.log->next_position() == next_position);
}

TEST_CASE("a segment of which nothing is kept still holds its place") {
    const auto device = make_memory_device();
    std::vector<std::string> appended;
    auto opened = open_log(device);
    append_until_segment(*opened.log, 3, appended);
    const auto next_position = opened.log->next_position();

    opened.log->publish(opened.log->finish_rewrite(opened.log->begin_rewrite(1)));
    opened.log->publish(opened.log->finish_rewrite(opened.log->begin_rewrite(2)));
    opened.log->publish(opened.log->finish_rewrite(opened.log->begin_rewrite(1)));

    CHECK(opened.log->segment(1)->header().generation == 2);
    opened.log.reset();
    const auto reopened = open_log(device);
    CHECK(reopened.payloads == std::vector<std::string>{appended.back()});
    CHECK(reopened.log->next_position() == next_position);
}

TEST_CASE("a rewriting that is given up leaves nothing behind") {
    const auto device = make_memory_device();
    std::vector<std::string> appended;
    const auto opened = open_log(device);
    append_until_segment(*opened.log, 2, appended);
    const auto before = contents_of(*device);

    {
        auto rewrite = opened.log->begin_rewrite(1);
        CommitBuilder commit;
        fill_commit(commit, "half", {0});
        rewrite.add(commit, {0}, 0);
    }

    CHECK(contents_of(*device) == before);
}

TEST_CASE("the last segment cannot be rewritten") {
    const auto opened = open_log(log_with_messages(1));

    CHECK_THROWS_AS(static_cast<void>(opened.log->begin_rewrite(1)), std::logic_error);
    CHECK_THROWS_AS(static_cast<void>(opened.log->begin_rewrite(2)), std::logic_error);
}

TEST_CASE("without space a rewriting fails and the log stays as it was") {
    const auto device = std::make_shared<FaultyDevice>(3);
    std::vector<std::string> appended;
    auto opened = open_log(device);
    append_until_segment(*opened.log, 2, appended);
    const auto before = contents_of(*device);
    FaultyDevice::Faults full;
    full.capacity_bytes = device->used_bytes() + 4096;
    device->set_faults(full);

    CHECK_THROWS_AS(static_cast<void>(opened.log->finish_rewrite(opened.log->begin_rewrite(1))), DeviceError);

    CHECK(contents_of(*device) == before);
    CHECK_FALSE(opened.log->poisoned());
    append(*opened.log, "goes on");
}
