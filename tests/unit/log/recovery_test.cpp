#include <algorithm>
#include <iterator>

#include <doctest/doctest.h>

#include "log/commit_reader.hpp"
#include "log/crc32c.hpp"
#include "unit/log/damaged_log.hpp"

// What becomes of commits that are torn, or damaged.

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

TEST_CASE("a file cut anywhere in the last commit recovers to the commit before it") {
    const auto device = log_with_messages(3);
    const auto places = open_log(device).places;
    const auto whole = read_file(*device, first_segment);
    const auto end = places[2].byte + (places[2].byte - places[1].byte);

    for (auto size = places[1].byte; size <= end; ++size) {
        CAPTURE(size);
        const auto kept = size == end ? 3 : size >= places[2].byte ? 2 : 1;
        auto copy = copy_of(*device);
        write_file(*copy, first_segment, std::string_view(whole).substr(0, size));

        auto opened = open_log(copy);
        CHECK(opened.payloads == messages(kept));
        CHECK(opened.recovery.next_position.value == static_cast<std::uint64_t>(kept));
        append(*opened.log, "goes on");
        opened.log.reset();

        auto expected = messages(kept);
        expected.emplace_back("goes on");
        CHECK(open_log(copy).payloads == expected);
    }
    MESSAGE((end - places[1].byte + 1), " cuts");
}

TEST_CASE("zeros from anywhere in the last commit on recover to the commit before it") {
    const auto device = log_with_messages(3);
    const auto places = open_log(device).places;
    const auto whole = read_file(*device, first_segment);
    const auto end = places[2].byte + (places[2].byte - places[1].byte);

    for (auto from = places[1].byte; from <= end; ++from) {
        CAPTURE(from);
        auto contents = whole;
        std::fill(contents.begin() + static_cast<std::ptrdiff_t>(from), contents.end(), '\0');
        auto copy = copy_of(*device);
        write_file(*copy, first_segment, contents);

        const auto opened = open_log(copy);

        // Zeros over padding change nothing.
        const bool second_is_whole = contents.compare(0, places[2].byte, whole, 0, places[2].byte) == 0;
        CHECK(opened.payloads == messages(contents == whole ? 3 : second_is_whole ? 2 : 1));
    }
}

TEST_CASE("any flipped bit of a log is named as damage, or cuts the last commit, and never yields another message") {
    const auto device = log_with_messages(4);
    const auto places = open_log(device).places;
    const auto whole = read_file(*device, first_segment);
    const auto end = places[3].byte + (places[3].byte - places[2].byte);
    const auto expected = messages(4);

    for (std::uint64_t byte = 0; byte < end; ++byte) {
        CAPTURE(byte);
        auto contents = whole;
        contents[byte] = static_cast<char>(contents[byte] ^ (1 << (byte % 8)));
        auto copy = copy_of(*device);
        write_file(*copy, first_segment, contents);

        if (byte < segment_header_bytes) {
            check_damaged(copy, 1, 0);
        } else if (byte < places[3].byte) {
            const auto damaged =
                *std::prev(std::upper_bound(places.begin(), places.end(), Place{.segment = 1, .byte = byte}));
            check_damaged(copy, 1, damaged.byte);
        } else {
            const auto opened = open_log(copy);
            CHECK(opened.payloads == messages(3));
            CHECK(opened.recovery.torn_bytes > 0);
        }
    }
    MESSAGE(end, " flipped bits");
}

TEST_CASE("any flipped bit in a sealed segment is named as damage") {
    const LongLog log(2);
    const auto whole = read_file(*log.device, first_segment);
    Place seal;
    {
        const auto opened = open_log(log.device);
        Log::scan_segment(*opened.log->segment(1), segment_header_bytes, {}, [&](const CommitView& commit) {
            seal = commit.place;
            return true;
        });
    }

    for (std::uint64_t byte = 0; byte < seal.byte + commit_header_bytes;
         byte += byte < 64 || byte >= seal.byte ? 1 : 37) {
        CAPTURE(byte);
        auto copy = copy_of(*log.device);
        auto contents = whole;
        contents[byte] = static_cast<char>(contents[byte] ^ 0x10);
        write_file(*copy, first_segment, contents);

        CHECK_THROWS_AS(open_log(copy), DamagedLog);
    }
}

TEST_CASE("what a torn commit left is wiped before the log goes on") {
    Log::Options options;
    options.segment_bytes = 1 << 16;
    const auto device = make_memory_device();
    Place torn;
    {
        const auto opened = open_log(device, options);
        append(*opened.log, "first");
        // Longer than the block that is written anew with the commit before it.
        torn = append(*opened.log, std::string(20'000, 'x'));
    }
    auto contents = read_file(*device, first_segment);
    contents[torn.byte + 60] ^= 1;
    write_file(*device, first_segment, contents);

    const auto opened = open_log(device, options);

    CHECK(opened.recovery.torn_bytes > 20'000);
    CHECK(opened.recovery.tail.byte == torn.byte);
    CHECK(is_zero(std::string_view(read_file(*device, first_segment)).substr(torn.byte)));
}

TEST_CASE("a whole commit after a broken one is damage, however far away") {
    Log::Options options;
    options.segment_bytes = 8 << 20;
    const auto device = make_memory_device();
    std::vector<Place> places;
    {
        const auto opened = open_log(device, options);
        places.push_back(append(*opened.log, "first"));
        places.push_back(append(*opened.log, std::string(5 << 20, 'x')));
        places.push_back(append(*opened.log, "last"));
    }
    auto contents = read_file(*device, first_segment);
    contents[places[1].byte + 32] ^= 0x40;  // its length
    contents[places[1].byte + 4'000'000] ^= 1;
    write_file(*device, first_segment, contents);

    check_damaged(device, 1, places[1].byte);
}

TEST_CASE("commits of another epoch are not data") {
    const auto device = log_with_messages(2);
    const auto tail = open_log(device).log->tail();
    auto contents = read_file(*device, first_segment);
    CommitBuilder commit;
    fill_commit(commit, "of an older life of this file", {2});
    const std::string stale(commit.finish(12345, {2}, 0, 0));

    SUBCASE("directly at the tail") { contents.replace(tail.byte, stale.size(), stale); }
    SUBCASE("further on") { contents.replace(tail.byte + 800, stale.size(), stale); }
    write_file(*device, first_segment, contents);

    auto opened = open_log(device);
    CHECK(opened.payloads == messages(2));
    append(*opened.log, "message 2");
    opened.log.reset();
    CHECK(open_log(device).payloads == messages(3));
}

TEST_CASE("a torn commit that carries a copy of an earlier commit is still only torn") {
    const auto device = log_with_messages(2);
    const auto opened = open_log(device);
    const auto contents = read_file(*device, first_segment);
    const auto earlier = contents.substr(opened.places[0].byte, opened.places[1].byte - opened.places[0].byte);
    const auto torn = append(*opened.log, earlier);
    auto damaged = read_file(*device, first_segment);
    damaged[torn.byte + 4] ^= 1;
    auto copy = copy_of(*device);
    write_file(*copy, first_segment, damaged);

    const auto reopened = open_log(copy);

    CHECK(reopened.payloads == messages(2));
    CHECK(reopened.recovery.torn_bytes > earlier.size());
}

TEST_CASE("a commit that does not continue the one before it is damage even at the end") {
    const auto device = log_with_messages(2);
    const auto opened = open_log(device);
    const auto tail = opened.log->tail();
    const auto epoch = opened.log->segment(1)->header().epoch;
    auto contents = read_file(*device, first_segment);
    const auto last_crc = load_number<std::uint32_t>(contents.data() + opened.places[1].byte + 4);
    CommitBuilder commit;
    fill_commit(commit, "misplaced", {2});

    SUBCASE("after a lost commit") {
        const std::string bytes(commit.finish(epoch, {2}, 0, last_crc + 1));
        contents.replace(tail.byte, bytes.size(), bytes);
    }
    SUBCASE("with a gap in the positions") {
        const std::string bytes(commit.finish(epoch, {3}, 0, last_crc));
        contents.replace(tail.byte, bytes.size(), bytes);
    }
    SUBCASE("with a flag of a newer format") {
        std::string bytes(commit.finish(epoch, {2}, 0, last_crc));
        bytes[44] = 2;
        store_number(bytes.data() + 4, crc32c(std::string_view(bytes).substr(8)));
        contents.replace(tail.byte, bytes.size(), bytes);
    }
    SUBCASE("a seal with records") {
        const std::string bytes(commit.finish(epoch, {2}, 0, last_crc, true));
        contents.replace(tail.byte, bytes.size(), bytes);
    }
    write_file(*device, first_segment, contents);

    check_damaged(device, 1, tail.byte);
}
