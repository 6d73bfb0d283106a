#include <optional>
#include <string>

#include "log/bytes.hpp"
#include "log/record.hpp"
#include "log/record_fields.hpp"

/// The records that carry no messages: tagged fields only, no flags.
namespace foldback::log {

namespace {

namespace created_tag {
constexpr std::uint8_t path = 1;
constexpr std::uint8_t content_type = 2;
constexpr std::uint8_t created_at_ms = 3;
constexpr std::uint8_t ttl_seconds = 4;
constexpr std::uint8_t expires_at_ms = 5;
constexpr std::uint8_t closed = 6;
constexpr std::uint8_t fork = 7;
constexpr std::uint8_t requested_tail = 8;
}  // namespace created_tag

constexpr std::uint8_t closed_tag_producer = 1;
constexpr std::uint8_t deleted_tag_reason = 1;
constexpr std::uint8_t truncated_tag_before = 1;

constexpr std::size_t fork_bytes = 40;

bool is_plain(const RecordView& record, RecordType type) noexcept {
    return record.type == type && record.flags == 0 && record.timestamp_ms == 0;
}

void put_fork(ByteBuffer& out, const StreamCreated& record) {
    out.push_back(static_cast<char>(created_tag::fork));
    put_varint(fork_bytes, out);
    append_number(out, record.forked_from.value);
    append_number(out, record.fork_offset.value);
    append_number(out, record.requested_fork_point.incarnation.value);
    append_number(out, record.requested_fork_point.offset.value);
    append_number(out, record.requested_sub_offset);
}

bool read_fork(std::string_view value, StreamCreated& into) {
    if (value.size() != fork_bytes) return false;
    into.forked_from.value = load_number<std::uint64_t>(value.data());
    into.fork_offset.value = load_number<std::uint64_t>(value.data() + 8);
    into.requested_fork_point.incarnation.value = load_number<std::uint64_t>(value.data() + 16);
    into.requested_fork_point.offset.value = load_number<std::uint64_t>(value.data() + 24);
    into.requested_sub_offset = load_number<std::uint64_t>(value.data() + 32);
    return into.forked_from.value != 0;
}

bool read_signed(const FieldReader& field, std::int64_t& into) {
    const auto number = field.number();
    if (!number) return false;
    into = static_cast<std::int64_t>(*number);
    return true;
}

bool read_created_field(const FieldReader& field, StreamCreated& into) {
    switch (field.tag()) {
        case created_tag::path: into.path = field.value(); return StreamPath::problem_with(into.path).empty();
        case created_tag::content_type: into.content_type = field.value(); return true;
        case created_tag::created_at_ms: return read_signed(field, into.created_at_ms);
        case created_tag::ttl_seconds: return read_signed(field, into.ttl_seconds.emplace());
        case created_tag::expires_at_ms: return read_signed(field, into.expires_at_ms.emplace());
        case created_tag::closed: into.closed = true; return field.value().empty();
        case created_tag::fork: return read_fork(field.value(), into);
        case created_tag::requested_tail: into.requested_tail = true; return field.value().empty();
    }
    return false;  // a tag of a newer format
}

}  // namespace

void encode(const StreamCreated& record, ByteBuffer& out) {
    const auto begin = begin_record(out);
    put_field(out, created_tag::path, record.path);
    put_field(out, created_tag::content_type, record.content_type);
    put_number_field(out, created_tag::created_at_ms, static_cast<std::uint64_t>(record.created_at_ms));
    if (record.ttl_seconds) {
        put_number_field(out, created_tag::ttl_seconds, static_cast<std::uint64_t>(*record.ttl_seconds));
    }
    if (record.expires_at_ms) {
        put_number_field(out, created_tag::expires_at_ms, static_cast<std::uint64_t>(*record.expires_at_ms));
    }
    if (record.closed) put_field(out, created_tag::closed, {});
    if (record.forked_from.value != 0) put_fork(out, record);
    if (record.requested_tail) put_field(out, created_tag::requested_tail, {});
    finish_record(out, begin, {.type = RecordType::stream_created}, record.incarnation);
}

std::optional<StreamCreated> decode_created(const RecordView& record) {
    if (!is_plain(record, RecordType::stream_created)) return {};
    std::optional<StreamCreated> created(std::in_place);
    created->incarnation = record.incarnation;
    std::uint32_t seen = 0;
    FieldReader fields(record.body);
    while (fields.next()) {
        if (!read_created_field(fields, *created)) return {};
        seen |= 1U << fields.tag();
    }
    constexpr std::uint32_t required =
        1U << created_tag::path | 1U << created_tag::content_type | 1U << created_tag::created_at_ms;
    if (!fields.complete() || (seen & required) != required) return {};
    return created;
}

void encode(const StreamClosed& record, ByteBuffer& out) {
    const auto begin = begin_record(out);
    if (!record.producer_id.empty()) {
        put_producer_field(out, closed_tag_producer, record.producer_id, record.producer_epoch, record.producer_seq);
    }
    finish_record(out, begin, {.type = RecordType::stream_closed}, record.incarnation);
}

std::optional<StreamClosed> decode_closed(const RecordView& record) {
    if (!is_plain(record, RecordType::stream_closed)) return {};
    StreamClosed closed;
    closed.incarnation = record.incarnation;
    FieldReader fields(record.body);
    while (fields.next()) {
        const auto producer = read_producer(fields.value());
        if (fields.tag() != closed_tag_producer || !producer) return {};
        closed.producer_id = producer->id;
        closed.producer_epoch = producer->epoch;
        closed.producer_seq = producer->seq;
    }
    if (!fields.complete()) return {};
    return closed;
}

void encode(const StreamDeleted& record, ByteBuffer& out) {
    const auto begin = begin_record(out);
    const char reason = static_cast<char>(record.reason);
    put_field(out, deleted_tag_reason, {&reason, 1});
    finish_record(out, begin, {.type = RecordType::stream_deleted}, record.incarnation);
}

std::optional<StreamDeleted> decode_deleted(const RecordView& record) {
    FieldReader fields(record.body);
    if (!is_plain(record, RecordType::stream_deleted) || !fields.next()) return {};
    if (fields.tag() != deleted_tag_reason || fields.value().size() != 1 || !fields.complete()) return {};
    const auto reason = static_cast<std::uint8_t>(fields.value()[0]);
    if (reason > static_cast<std::uint8_t>(DeleteReason::expired)) return {};
    return StreamDeleted{.incarnation = record.incarnation, .reason = DeleteReason{reason}};
}

void encode(const StreamTruncated& record, ByteBuffer& out) {
    const auto begin = begin_record(out);
    put_number_field(out, truncated_tag_before, record.before.value);
    finish_record(out, begin, {.type = RecordType::stream_truncated}, record.incarnation);
}

std::optional<StreamTruncated> decode_truncated(const RecordView& record) {
    FieldReader fields(record.body);
    if (!is_plain(record, RecordType::stream_truncated) || !fields.next()) return {};
    const auto before = fields.number();
    if (fields.tag() != truncated_tag_before || !before || !fields.complete()) return {};
    return StreamTruncated{.incarnation = record.incarnation, .before = Offset{*before}};
}

}  // namespace foldback::log
