#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "log/commit_reader.hpp"
#include "log/crc32c.hpp"
#include "log/faulty_device.hpp"
#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

namespace {

/// Opens a log that must be refused as damaged there; checks that nothing was changed.
void check_damaged(const std::shared_ptr<LogDevice>& device, std::uint64_t segment, std::uint64_t byte) {
    const auto before = contents_of(*device);
    try {
        static_cast<void>(open_log(device));
        FAIL("the log should be refused");
    } catch (const DamagedLog& damage) {
        CHECK(damage.segment == segment);
        CHECK(damage.byte_offset == byte);
        CHECK(std::string(damage.what()).find("salvage") != std::string::npos);
    }
    CHECK(contents_of(*device) == before);
}

bool is_beginning_of(const std::vector<std::string>& beginning, const std::vector<std::string>& all) {
    return beginning.size() <= all.size() && std::equal(beginning.begin(), beginning.end(), all.begin());
}

}  // namespace

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

TEST_CASE("a segment that lost its seal is damage when another one follows") {
    const LongLog log(2);
    const auto opened = open_log(log.device);
    Place seal;
    Log::scan_segment(*opened.log->segment(1), segment_header_bytes, {}, [&](const CommitView& commit) {
        seal = commit.place;
        return true;
    });
    auto copy = copy_of(*log.device);
    const auto contents = read_file(*copy, first_segment);

    SUBCASE("cut off") { write_file(*copy, first_segment, contents.substr(0, seal.byte)); }
    SUBCASE("cut in the middle of it") { write_file(*copy, first_segment, contents.substr(0, seal.byte + 20)); }
    SUBCASE("overwritten with zeros") {
        write_file(*copy, first_segment, contents.substr(0, seal.byte) + std::string(100, '\0'));
    }

    check_damaged(copy, 1, seal.byte);
}

TEST_CASE("a missing segment is damage") {
    const LongLog log(3);

    SUBCASE("the first") {
        log.device->remove(first_segment);
        check_damaged(log.device, 1, 0);
    }
    SUBCASE("one in the middle") {
        log.device->remove(second_segment);
        check_damaged(log.device, 2, 0);
    }
    SUBCASE("all of them") {
        for (const auto& name : log.device->list()) {
            if (name.ends_with(".segment")) log.device->remove(name);
        }
        check_damaged(log.device, 1, 0);
    }
}

TEST_CASE("a segment in the place of another is damage") {
    const LongLog log(3);
    const auto first = read_file(*log.device, first_segment);

    SUBCASE("of this log") {
        write_file(*log.device, second_segment, first);
        check_damaged(log.device, 2, 0);
    }
    SUBCASE("of another log") {
        const LongLog other(3);
        auto opened = open_log(other.device);
        while (opened.log->tail().segment < 4) append(*opened.log, std::string(1000, 'x'));
        append(*opened.log, "shift the positions");
        write_file(*log.device, "0000000003.segment", read_file(*other.device, "0000000004.segment"));
        check_damaged(log.device, 3, 0);
    }
    SUBCASE("of another log with the same number and another position") {
        const auto other = make_memory_device();
        const auto opened = open_log(other);
        while (opened.log->tail().segment < 2) append(*opened.log, std::string(1000, 'x'));
        write_file(*log.device, second_segment, read_file(*other, second_segment));
        check_damaged(log.device, 2, 0);
    }
    SUBCASE("something else") {
        write_file(*log.device, second_segment, std::string(10'000, 'z'));
        check_damaged(log.device, 2, 0);
    }
    SUBCASE("nothing") {
        write_file(*log.device, second_segment, "");
        check_damaged(log.device, 2, 0);
    }
}

TEST_CASE("a segment of a newer format is refused") {
    const auto device = log_with_messages(2);
    auto contents = read_file(*device, first_segment);
    contents[8] = 2;
    write_file(*device, first_segment, contents);

    CHECK_THROWS_WITH_AS(open_log(device), doctest::Contains("format 2; this version reads format 1"), DamagedLog);
}

TEST_CASE("the FORMAT file says what the directory is") {
    SUBCASE("a store without segments is damaged, never begun anew") {
        const auto device = make_memory_device();
        write_file(*device, "FORMAT", "foldback store format 1\n");
        check_damaged(device, 1, 0);
    }
    SUBCASE("a newer format is refused by its number") {
        const auto device = log_with_messages(1);
        write_file(*device, "FORMAT", "foldback store format 12\n");
        CHECK_THROWS_WITH_AS(open_log(device), doctest::Contains("format 12; this version reads format 1"), DamagedLog);
    }
    SUBCASE("anything else in it is damage") {
        const auto device = log_with_messages(1);
        for (const auto* text : {"", "foldback store format 1", "foldback store format \n", "foldback store format x\n",
                                 "something else"}) {
            write_file(*device, "FORMAT", text);
            CHECK_THROWS_WITH_AS(open_log(device), doctest::Contains("does not name the format"), DamagedLog);
        }
    }
    SUBCASE("it is written again when only it is missing") {
        const auto device = log_with_messages(1);
        device->remove("FORMAT");
        CHECK(open_log(device).payloads == messages(1));
        CHECK(read_file(*device, "FORMAT") == "foldback store format 1\n");
    }
}

TEST_CASE("files of others do not disturb the log") {
    const auto device = make_memory_device();
    for (const auto* name : {"LOCK", "index.db", "index.db-wal", "notes.txt", "1.segment", "00000000001.segment",
                             "0000000000.segment", "abc.segment", "quarantine-0000000001.segment"}) {
        write_file(*device, name, "mine");
    }

    append(*open_log(device).log, "message 0");

    CHECK(open_log(device).payloads == messages(1));
    CHECK(read_file(*device, "1.segment") == "mine");
}

TEST_CASE("what a process left in the middle of something is cleared away") {
    const auto device = log_with_messages(1);
    for (const auto* name : {"next.filling", "next.blank", "FORMAT.new", "0000000001.rewrite", "0000000007.rewrite"}) {
        write_file(*device, name, "left over");
    }

    CHECK(open_log(device).payloads == messages(1));

    CHECK(device->list() == std::vector<std::string>{std::string(first_segment), "FORMAT"});
}

TEST_CASE("a spare that was being filled is filled again from its beginning") {
    const auto device = log_with_messages(1);
    write_file(*device, "next.filling", std::string(small_segment_bytes, 'x'));
    const auto opened = open_log(device);

    while (opened.log->prepare_next_segment()) {
    }

    CHECK(read_file(*device, "next.spare") == std::string(small_segment_bytes, '\0'));
    CHECK(device->list() == std::vector<std::string>{std::string(first_segment), "FORMAT", "next.spare"});
}

TEST_CASE("beside a spare that is ready none is filled") {
    const auto device = log_with_messages(1);
    write_file(*device, "next.filling", std::string(small_segment_bytes, 'x'));
    write_file(*device, "next.spare", std::string(small_segment_bytes, '\0'));

    CHECK_FALSE(open_log(device).log->prepare_next_segment());

    CHECK(device->list() == std::vector<std::string>{std::string(first_segment), "FORMAT", "next.spare"});
}

TEST_CASE("a spare that is ready is used, and one of another size is removed") {
    const auto device = log_with_messages(1);
    write_file(*device, "next.spare", std::string(small_segment_bytes, '\0'));
    SUBCASE("ready") {
        auto opened = open_log(device);
        CHECK_FALSE(opened.log->prepare_next_segment());
        append(*opened.log, std::string(3000, 'x'));
        append(*opened.log, std::string(3000, 'x'));
        CHECK(device->list() ==
              std::vector<std::string>{std::string(first_segment), std::string(second_segment), "FORMAT"});
    }
    SUBCASE("of another size") {
        write_file(*device, "next.spare", "small");
        static_cast<void>(open_log(device));
        CHECK(device->list() == std::vector<std::string>{std::string(first_segment), "FORMAT"});
    }
}

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
