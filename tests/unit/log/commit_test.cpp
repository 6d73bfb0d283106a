#include "log/log.hpp"

#include <doctest/doctest.h>

#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/crc32c.hpp"
#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log;

namespace {

std::string hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += digits[static_cast<unsigned char>(c) >> 4];
        text += digits[static_cast<unsigned char>(c) & 15];
    }
    return text;
}

}  // namespace

TEST_CASE("the bytes of a commit are those that docs/store-format.md promises") {
    CommitBuilder commit;
    test::fill_commit(commit, "hello", {2});

    const std::string bytes(commit.finish(0x1122334455667788, {2}, 1'700'000'000'000, 0xAABBCCDD));

    CHECK(hex(bytes.substr(0, 4)) == "4642434d");                            // "FBCM"
    CHECK(hex(bytes.substr(8, 8)) == "8877665544332211");                    // epoch
    CHECK(hex(bytes.substr(16, 8)) == "0200000000000000");                   // first position
    CHECK(hex(bytes.substr(24, 8)) == "0068e5cf8b010000");                   // timestamp
    CHECK(hex(bytes.substr(32, 8)) == "3800000001000000");                   // payload bytes, records
    CHECK(hex(bytes.substr(40, 8)) == "ddccbbaa00000000");                   // previous CRC, flags
    CHECK(hex(bytes.substr(48, 8)) == "0100000000000000");                   // messages, zero
    CHECK(hex(bytes.substr(56, 4)) == "1d000000");                           // record: body length
    CHECK(hex(bytes.substr(64, 16)) == "02000000000000000700000000000000");  // type, flags, zeros, incarnation
    CHECK(hex(bytes.substr(80, 16)) == "00000000000000000200000000000000");  // first offset, first position
    CHECK(hex(bytes.substr(96, 8)) == "0100000000000000");                   // count, length of the meta section
    CHECK(bytes.substr(104, 5) == "hello");
    CHECK(hex(bytes.substr(109)) == "000000");
    CHECK(load_number<std::uint32_t>(bytes.data() + 4) == crc32c(std::string_view(bytes).substr(8)));
    CHECK(load_number<std::uint32_t>(bytes.data() + 60) == crc32c(bytes.substr(64), crc32c(bytes.substr(56, 4))));
}

TEST_CASE("the bytes of a segment's header are those that docs/store-format.md promises") {
    SegmentHeader header;
    header.number = 3;
    header.epoch = 0x0102030405060708;
    header.generation = 1;
    header.first_position = {10};
    header.next_incarnation = {11};
    header.capacity = 8192;

    const auto bytes = encode_segment_header(header);

    CHECK(bytes.size() == 4096);
    CHECK(bytes.substr(0, 8) == "FOLDBSEG");
    CHECK(hex(bytes.substr(8, 4)) == "01000000");
    CHECK(hex(bytes.substr(16, 48)) ==
          "0300000000000000"
          "0807060504030201"
          "0100000000000000"
          "0a00000000000000"
          "0b00000000000000"
          "0020000000000000");
    CHECK(load_number<std::uint32_t>(bytes.data() + 12) == crc32c(std::string_view(bytes).substr(16, 48)));
    CHECK(is_zero(std::string_view(bytes).substr(64)));
}

TEST_CASE("a builder that is cleared builds the same commit again") {
    CommitBuilder commit;
    test::fill_commit(commit, std::string(100, 'x'), {0});
    commit.clear();
    CHECK(commit.empty());
    CHECK(commit.size() == commit_header_bytes);
    CHECK(commit.messages() == 0);

    test::fill_commit(commit, "hello", {0});
    const std::string again(commit.finish(1, {0}, 2, 3));
    CommitBuilder fresh;
    test::fill_commit(fresh, "hello", {0});

    CHECK(again == fresh.finish(1, {0}, 2, 3));
}

TEST_CASE("an encoded record can be carried over into another commit") {
    CommitBuilder original;
    test::fill_commit(original, "hello", {0});
    const std::string bytes(original.finish(1, {0}, 2, 0));
    CommitBuilder copy;

    const auto at = copy.add_encoded(std::string_view(bytes).substr(commit_header_bytes));
    copy.count_messages(1);

    CHECK(at == commit_header_bytes);
    CHECK(copy.finish(1, {0}, 2, 0) == bytes);
}

TEST_CASE("adding a record tells where in the commit it begins") {
    CommitBuilder commit;

    const auto first = commit.add(StreamDeleted{.incarnation = {1}});
    const auto second = commit.add(StreamDeleted{.incarnation = {2}});

    const std::string bytes(commit.finish(1, {0}, 2, 0));
    CHECK(first == commit_header_bytes);
    CHECK(decode_record(std::string_view(bytes).substr(second), true)->incarnation.value == 2);
    CHECK(bytes.size() % 8 == 0);
}
