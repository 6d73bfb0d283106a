#include "log/record.hpp"

#include <random>

#include <doctest/doctest.h>

#include "log/bytes.hpp"
#include "log/record_fields.hpp"

using namespace foldback;
using namespace foldback::log;

namespace {

template <class Record>
std::string encoded(const Record& record) {
    ByteBuffer out;
    encode(record, out);
    return std::string(out.view());
}

MessagesAppended json_append() {
    MessagesAppended record;
    record.incarnation = {42};
    record.framing = Framing::json;
    record.first = {1000};
    record.first_position = {5'000'000'000};
    record.timestamp_ms = 1'700'000'000'123;
    record.count = 3;
    record.extent = 3;
    record.producer_id = "writer-1";
    record.producer_epoch = 7;
    record.producer_seq = 99;
    record.stream_seq = "00000012";
    record.sizes = "\x01\x02\x03";
    record.payload = "1,22,333";
    return record;
}

StreamCreated created_fork() {
    StreamCreated record;
    record.incarnation = {9};
    record.path = "orders/42/fork";
    record.content_type = "application/json; charset=utf-8";
    record.ttl_seconds = 3600;
    record.expires_at_ms = -5;
    record.created_at_ms = 1'700'000'000'123;
    record.closed = true;
    record.forked_from = {3};
    record.fork_offset = {77};
    record.requested_fork_point = {.incarnation = {2}, .offset = {70}};
    record.requested_sub_offset = 7;
    record.requested_tail = true;
    return record;
}

/// A record with these flags and body, framed as it must be.
std::string framed(RecordType type, std::uint8_t flags, std::string_view body) {
    ByteBuffer out;
    const auto begin = begin_record(out);
    out.append(body);
    finish_record(out, begin, {.type = type, .flags = flags}, {42});
    return std::string(out.view());
}

}  // namespace

TEST_CASE("an append of JSON messages is read back as it was written") {
    const auto written = json_append();
    const auto bytes = encoded(written);

    const auto record = decode_record(bytes, true);
    REQUIRE(record);
    const auto read = decode_appended(*record);

    REQUIRE(read);
    CHECK(bytes.size() % 8 == 0);
    CHECK(record->bytes.size() == bytes.size());
    CHECK(record->type == RecordType::messages_appended);
    CHECK(read->incarnation == written.incarnation);
    CHECK(read->framing == Framing::json);
    CHECK(read->first == written.first);
    CHECK(read->first_position == written.first_position);
    CHECK(read->timestamp_ms == 1'700'000'000'123);
    CHECK(read->count == 3);
    CHECK(read->extent == 3);
    CHECK(read->producer_id == "writer-1");
    CHECK(read->producer_epoch == 7);
    CHECK(read->producer_seq == 99);
    CHECK(read->stream_seq == "00000012");
    CHECK_FALSE(read->closes);
    CHECK_FALSE(read->payload_dropped);
    CHECK(read->sizes == written.sizes);
    CHECK(read->payload == written.payload);
}

TEST_CASE("an append of bytes is read back as it was written") {
    MessagesAppended written;
    written.incarnation = {1};
    written.count = 1;
    written.payload = "some bytes";
    written.extent = written.payload.size();
    written.closes = true;
    written.stream_seq = "";

    const auto bytes = encoded(written);
    const auto read = decode_appended(*decode_record(bytes, true));

    REQUIRE(read);
    CHECK(read->framing == Framing::bytes);
    CHECK(read->producer_id.empty());
    CHECK(read->stream_seq == "");
    CHECK(read->closes);
    CHECK(read->extent == 10);
    CHECK(read->payload == "some bytes");
}

TEST_CASE("an append whose payload was dropped keeps how far it moved the tail") {
    MessagesAppended written;
    written.incarnation = {1};
    written.count = 1;
    written.extent = 123'456;
    written.payload_dropped = true;
    written.payload = "not written";

    const auto bytes = encoded(written);
    const auto read = decode_appended(*decode_record(bytes, true));

    REQUIRE(read);
    CHECK(read->payload_dropped);
    CHECK(read->extent == 123'456);
    CHECK(read->payload.empty());
    CHECK(bytes.find("not written") == std::string::npos);
}

TEST_CASE("the creation of a stream is read back as it was written") {
    const auto written = created_fork();

    const auto bytes = encoded(written);
    const auto read = decode_created(*decode_record(bytes, true));

    REQUIRE(read);
    CHECK(read->incarnation == written.incarnation);
    CHECK(read->path == written.path);
    CHECK(read->content_type == written.content_type);
    CHECK(read->ttl_seconds == written.ttl_seconds);
    CHECK(read->expires_at_ms == written.expires_at_ms);
    CHECK(read->created_at_ms == written.created_at_ms);
    CHECK(read->closed);
    CHECK(read->forked_from == written.forked_from);
    CHECK(read->fork_offset == written.fork_offset);
    CHECK(read->requested_fork_point == written.requested_fork_point);
    CHECK(read->requested_sub_offset == written.requested_sub_offset);
    CHECK(read->requested_tail);
}

TEST_CASE("a plain stream's creation leaves out what it does not have") {
    StreamCreated written;
    written.incarnation = {1};
    written.path = "a";

    const auto bytes = encoded(written);
    const auto read = decode_created(*decode_record(bytes, true));

    REQUIRE(read);
    CHECK(read->path == "a");
    CHECK(read->content_type.empty());
    CHECK_FALSE(read->ttl_seconds);
    CHECK_FALSE(read->expires_at_ms);
    CHECK_FALSE(read->closed);
    CHECK(read->forked_from.value == 0);
    CHECK_FALSE(read->requested_tail);
}

TEST_CASE("closing, deletion and truncation are read back as they were written") {
    const auto closed_bytes =
        encoded(StreamClosed{.incarnation = {3}, .producer_id = "p", .producer_epoch = 1, .producer_seq = 2});
    const auto closed = decode_closed(*decode_record(closed_bytes, true));
    REQUIRE(closed);
    CHECK(closed->incarnation.value == 3);
    CHECK(closed->producer_id == "p");
    CHECK(closed->producer_epoch == 1);
    CHECK(closed->producer_seq == 2);

    const auto deleted_bytes = encoded(StreamDeleted{.incarnation = {4}, .reason = DeleteReason::expired});
    const auto deleted = decode_deleted(*decode_record(deleted_bytes, true));
    REQUIRE(deleted);
    CHECK(deleted->incarnation.value == 4);
    CHECK(deleted->reason == DeleteReason::expired);

    const auto truncated_bytes = encoded(StreamTruncated{.incarnation = {5}, .before = {60}});
    const auto truncated = decode_truncated(*decode_record(truncated_bytes, true));
    REQUIRE(truncated);
    CHECK(truncated->incarnation.value == 5);
    CHECK(truncated->before.value == 60);
}

TEST_CASE("a renewal is an append of nothing, and no other append is one") {
    for (const auto framing : {Framing::json, Framing::bytes}) {
        const auto bytes = encoded(StreamRenewed{.incarnation = {6},
                                                 .framing = framing,
                                                 .tail = {70},
                                                 .next_position = {80},
                                                 .accessed_at_ms = 1'700'000'000'123});
        CHECK(bytes.size() == 64);
        const auto renewed = decode_appended(*decode_record(bytes, true));
        REQUIRE(renewed);
        CHECK(is_renewal(*renewed));
        CHECK(renewed->incarnation.value == 6);
        CHECK(renewed->framing == framing);
        CHECK(renewed->first.value == 70);
        CHECK(renewed->first_position.value == 80);
        CHECK(renewed->timestamp_ms == 1'700'000'000'123);
        CHECK(renewed->count == 0);
        CHECK(renewed->extent == 0);
        CHECK(renewed->producer_id.empty());
        CHECK_FALSE(renewed->closes);
    }

    // What every version of the format has read as an append of nothing.
    const std::string body("\x46\0\0\0\0\0\0\0\x50\0\0\0\0\0\0\0\0\0\0\0\x0a\0\0\0\x03\x08\0\0\0\0\0\0\0\0", 34);
    CHECK(encoded(StreamRenewed{.incarnation = {42}, .framing = Framing::json, .tail = {70}, .next_position = {80}}) ==
          framed(RecordType::messages_appended, 5, body));

    auto dropped = json_append();
    CHECK_FALSE(is_renewal(dropped));
    dropped.payload_dropped = true;
    dropped.sizes = dropped.payload = {};
    CHECK_FALSE(is_renewal(*decode_appended(*decode_record(encoded(dropped), true))));
}

TEST_CASE("a record is decoded only as what it is") {
    const auto bytes = encoded(StreamDeleted{.incarnation = {4}});
    const auto record = decode_record(bytes, true);

    REQUIRE(record);
    CHECK_FALSE(decode_created(*record));
    CHECK_FALSE(decode_appended(*record));
    CHECK_FALSE(decode_closed(*record));
    CHECK_FALSE(decode_truncated(*record));
}

TEST_CASE("a record with any flipped bit is not valid") {
    for (const auto& good : {encoded(json_append()), encoded(created_fork())}) {
        for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
            auto bad = good;
            bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
            CHECK_FALSE(decode_record(bad, true));
        }
    }
}

TEST_CASE("a record that is cut off anywhere is not valid") {
    const auto good = encoded(json_append());
    for (std::size_t size = 0; size < good.size(); ++size) {
        CHECK_FALSE(decode_record(std::string_view(good).substr(0, size), false));
    }
}

TEST_CASE("what a newer format may write is refused, not guessed") {
    const auto good = encoded(created_fork());
    const std::string body(decode_record(good, true)->body);

    SUBCASE("an unknown tag") {
        const auto bytes = framed(RecordType::stream_created, 0, body + std::string("\x09\x00", 2));
        REQUIRE(decode_record(bytes, true));
        CHECK_FALSE(decode_created(*decode_record(bytes, true)));
    }
    SUBCASE("a timestamp on a record that has none") {
        ByteBuffer bytes;
        const auto begin = begin_record(bytes);
        bytes.append(body);
        finish_record(bytes, begin, {.type = RecordType::stream_created}, {}, 1);
        CHECK_FALSE(decode_created(*decode_record(bytes, true)));
    }
    SUBCASE("a flag on a record that has none") {
        const auto bytes = framed(RecordType::stream_created, 1, body);
        CHECK_FALSE(decode_created(*decode_record(bytes, true)));
    }
    SUBCASE("an unknown flag of an append") {
        const auto append = encoded(json_append());
        const auto bytes = framed(RecordType::messages_appended, 9, decode_record(append, true)->body);
        CHECK_FALSE(decode_appended(*decode_record(bytes, true)));
    }
    SUBCASE("an unknown type") {
        CHECK_FALSE(decode_record(framed(RecordType{6}, 0, body), true));
        CHECK_FALSE(decode_record(framed(RecordType{0}, 0, body), true));
    }
    SUBCASE("an unknown reason of a deletion") {
        const auto bytes = framed(RecordType::stream_deleted, 0, std::string("\x01\x01\x02", 3));
        CHECK_FALSE(decode_deleted(*decode_record(bytes, true)));
    }
}

TEST_CASE("control records with missing, repeated or cut fields are malformed") {
    const std::string path(
        "\x01\x01"
        "a",
        3);
    const std::string type("\x02\x00", 2);
    const std::string created(
        "\x03\x08"
        "12345678",
        10);
    const auto read = [](const std::string& body) {
        const auto bytes = framed(RecordType::stream_created, 0, body);
        return decode_created(*decode_record(bytes, true)).has_value();
    };

    CHECK(read(path + type + created));
    CHECK_FALSE(read(type + created));
    CHECK_FALSE(read(path + created));
    CHECK_FALSE(read(path + type));
    CHECK_FALSE(read(path + path + type + created));
    CHECK_FALSE(read(type + path + created));
    CHECK_FALSE(read(path + type + created.substr(0, 9)));
    CHECK_FALSE(read(path + type + created + "\x06"));
    CHECK_FALSE(read(path + type + created + std::string("\x06\x01x", 3)));
    CHECK_FALSE(read(std::string("\x01\x00", 2) + type + created));
    CHECK_FALSE(read(std::string("\x01\x02..", 4) + type + created));
    CHECK_FALSE(read(std::string("\x01\x02/a", 4) + type + created));
}

TEST_CASE("an append whose numbers disagree with its data is malformed") {
    const auto read = [](MessagesAppended record) {
        ByteBuffer bytes;
        const auto begin = begin_record(bytes);
        append_number(bytes, record.first.value);
        append_number(bytes, record.first_position.value);
        append_number(bytes, record.count);
        append_number(bytes, std::uint32_t{0});
        bytes.append(record.sizes);
        bytes.append(record.payload);
        const std::uint8_t flags = record.framing == Framing::json ? 1 : 0;
        finish_record(bytes, begin, {.type = RecordType::messages_appended, .flags = flags}, {1});
        return decode_appended(*decode_record(bytes, true)).has_value();
    };
    auto json = json_append();
    CHECK(read(json));

    SUBCASE("more messages than sizes") { json.count = 4; }
    SUBCASE("fewer messages than sizes") { json.count = 2; }
    SUBCASE("a size too large") { json.sizes = "\x01\x02\x04"; }
    SUBCASE("a size of zero") { json.sizes = std::string_view("\x01\x05\x00", 3); }
    SUBCASE("sizes that overflow") { json.sizes = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x02\x03"; }
    SUBCASE("bytes in two messages") {
        json.framing = Framing::bytes;
        json.count = 2;
    }
    SUBCASE("bytes without a message") {
        json.framing = Framing::bytes;
        json.count = 0;
    }

    CHECK_FALSE(read(json));
}

TEST_CASE("an extent belongs to a dropped payload and to nothing else") {
    MessagesAppended record;
    record.incarnation = {1};
    record.count = 1;
    record.extent = 5;
    record.payload_dropped = true;
    const auto dropped = encoded(record);
    const auto body = decode_record(dropped, true)->body;
    const auto read = [](std::uint8_t flags, std::string_view of_record) {
        const auto bytes = framed(RecordType::messages_appended, flags, of_record);
        return decode_appended(*decode_record(bytes, true)).has_value();
    };

    CHECK(read(4, body));
    CHECK_FALSE(read(0, body));
    CHECK_FALSE(read(0, std::string(body) + "hello"));
    CHECK_FALSE(read(4, std::string(body) + "hello"));
    CHECK_FALSE(read(4, std::string(body.substr(0, 20)) + std::string(4, '\0')));
    CHECK_FALSE(read(5, body));
}

TEST_CASE("random bytes in a valid frame never decode to views outside of them") {
    std::mt19937_64 random(20'240'607);
    for (int round = 0; round < 20'000; ++round) {
        auto body = std::string(decode_record(encoded(json_append()), true)->body);
        for (int changes = 0; changes < 3; ++changes) body[random() % body.size()] = static_cast<char>(random());
        body.resize(random() % (body.size() + 1));
        const auto bytes = framed(RecordType::messages_appended, static_cast<std::uint8_t>(random() % 8), body);

        const auto read = decode_appended(*decode_record(bytes, true));

        if (!read) continue;
        CHECK(read->sizes.size() + read->payload.size() <= body.size());
        for (const auto view : {read->producer_id, read->sizes, read->payload}) {
            if (view.empty()) continue;
            CHECK(view.data() >= bytes.data());
            CHECK(view.data() + view.size() <= bytes.data() + bytes.size());
        }
    }
}

TEST_CASE("a time that no record can hold is kept as near as possible") {
    auto record = json_append();
    record.timestamp_ms = -1;
    CHECK(decode_record(encoded(record), true)->timestamp_ms == 0);
    record.timestamp_ms = INT64_MAX;
    CHECK(decode_record(encoded(record), true)->timestamp_ms == (std::int64_t{1} << 48) - 1);
}

TEST_CASE("numbers of every length are read back from LEB128") {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{127}, std::uint64_t{128}, std::uint64_t{16'383},
          std::uint64_t{16'384}, std::uint64_t{1} << 35, std::uint64_t{1} << 63, UINT64_MAX}) {
        std::string bytes;
        put_varint(value, bytes);
        bytes += "rest";
        std::string_view in = bytes;

        CHECK(take_varint(in) == value);
        CHECK(in == "rest");
        CHECK(bytes.size() == varint_size(value) + 4);
    }
}

TEST_CASE("a malformed LEB128 number is refused and stays where it is") {
    for (const std::string_view bad : {std::string_view(""), std::string_view("\x80"), std::string_view("\x80\x00", 2),
                                       std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x02"),
                                       std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")}) {
        std::string_view in = bad;

        CHECK_FALSE(take_varint(in));
        CHECK(in.size() == bad.size());
    }
}
