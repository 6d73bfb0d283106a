#include <doctest/doctest.h>

#include "unit/log/damaged_log.hpp"

// What files a log may consist of when it is opened.

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;

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
