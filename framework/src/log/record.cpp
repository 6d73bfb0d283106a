#include "log/record.hpp"

#include <cassert>

#include "log/bytes.hpp"
#include "log/record_fields.hpp"

namespace foldback::log {

namespace {

constexpr std::uint8_t flag_json = 1;
constexpr std::uint8_t flag_closes = 2;
constexpr std::uint8_t flag_payload_dropped = 4;

constexpr std::uint8_t tag_producer = 1;
constexpr std::uint8_t tag_stream_seq = 2;
constexpr std::uint8_t tag_extent = 3;

constexpr std::size_t append_fixed_bytes = 24;

std::size_t meta_size(const MessagesAppended& record) noexcept {
    std::size_t size = 0;
    if (!record.producer_id.empty()) size += field_size(16 + record.producer_id.size());
    if (record.stream_seq) size += field_size(record.stream_seq->size());
    if (record.payload_dropped) size += field_size(8);
    return size;
}

bool read_meta(std::string_view meta, MessagesAppended& into) {
    bool has_extent = false;
    FieldReader fields(meta);
    while (fields.next()) {
        if (fields.tag() == tag_producer) {
            const auto producer = read_producer(fields.value());
            if (!producer) return false;
            into.producer_id = producer->id;
            into.producer_epoch = producer->epoch;
            into.producer_seq = producer->seq;
        } else if (fields.tag() == tag_stream_seq) {
            into.stream_seq = fields.value();
        } else if (fields.tag() == tag_extent) {
            const auto extent = fields.number();
            if (!extent) return false;
            into.extent = *extent;
            has_extent = true;
        } else {
            return false;
        }
    }
    return fields.complete() && has_extent == into.payload_dropped;
}

/// Divides what follows the meta section of a JSON record into sizes and payload.
bool read_json_data(std::string_view data, MessagesAppended& into) {
    std::string_view rest = data;
    std::uint64_t payload_bytes = into.count == 0 ? 0 : into.count - 1;
    for (std::uint32_t i = 0; i < into.count; ++i) {
        const auto size = take_varint(rest);
        if (!size || *size == 0 || *size > data.size()) return false;
        payload_bytes += *size;
    }
    if (payload_bytes != rest.size()) return false;
    into.sizes = data.substr(0, data.size() - rest.size());
    into.payload = rest;
    return true;
}

/// How far the tail moves, from the size of the data alone.
bool read_extent(std::size_t data_bytes, MessagesAppended& into) {
    const bool json = into.framing == Framing::json;
    if (into.payload_dropped) {
        if (data_bytes > 0) return false;
    } else {
        into.extent = json ? into.count : data_bytes;
    }
    return json ? into.extent == into.count : into.count == (into.extent == 0 ? 0U : 1U);
}

bool read_data(std::string_view data, MessagesAppended& into) {
    if (into.payload_dropped) return true;
    if (into.framing == Framing::json) return read_json_data(data, into);
    into.payload = data;
    return true;
}

/// What follows the meta section.
std::string_view data_of(const RecordView& record) {
    const auto meta = load_number<std::uint32_t>(record.body.data() + append_fixed_bytes - 4);
    return record.body.substr(append_fixed_bytes + meta);
}

}  // namespace

void encode(const MessagesAppended& record, ByteBuffer& out) {
    const std::size_t meta = meta_size(record);
    const std::size_t begin = begin_record(out);
    char* fixed = out.extend(append_fixed_bytes);
    store_number(fixed, record.first.value);
    store_number(fixed + 8, record.first_position.value);
    store_number(fixed + 16, record.count);
    store_number(fixed + 20, static_cast<std::uint32_t>(meta));
    if (!record.producer_id.empty()) {
        put_producer_field(out, tag_producer, record.producer_id, record.producer_epoch, record.producer_seq);
    }
    if (record.stream_seq) put_field(out, tag_stream_seq, *record.stream_seq);
    if (record.payload_dropped) {
        put_number_field(out, tag_extent, record.extent);
    } else {
        assert(record.extent == (record.framing == Framing::json ? record.count : record.payload.size()));
        out.append(record.sizes);
        out.append(record.payload);
    }

    const auto flags = static_cast<std::uint8_t>((record.framing == Framing::json ? flag_json : 0) |
                                                 (record.closes ? flag_closes : 0) |
                                                 (record.payload_dropped ? flag_payload_dropped : 0));
    finish_record(out, begin, {.type = RecordType::messages_appended, .flags = flags}, record.incarnation,
                  record.timestamp_ms);
}

void encode(const StreamRenewed& record, ByteBuffer& out) {
    MessagesAppended nothing{.incarnation = record.incarnation, .framing = record.framing};
    nothing.first = record.tail;
    nothing.first_position = record.next_position;
    nothing.timestamp_ms = record.accessed_at_ms;
    nothing.payload_dropped = true;
    encode(nothing, out);
}

std::optional<MessagesAppended> decode_appended_head(const RecordView& record) {
    const std::string_view body = record.body;
    if (record.type != RecordType::messages_appended || body.size() < append_fixed_bytes) return {};
    if ((record.flags & ~(flag_json | flag_closes | flag_payload_dropped)) != 0) return {};
    const auto meta = load_number<std::uint32_t>(body.data() + 20);
    if (meta > body.size() - append_fixed_bytes) return {};

    std::optional<MessagesAppended> appended(std::in_place);
    appended->incarnation = record.incarnation;
    appended->timestamp_ms = record.timestamp_ms;
    appended->framing = (record.flags & flag_json) != 0 ? Framing::json : Framing::bytes;
    appended->closes = (record.flags & flag_closes) != 0;
    appended->payload_dropped = (record.flags & flag_payload_dropped) != 0;
    appended->first.value = load_number<std::uint64_t>(body.data());
    appended->first_position.value = load_number<std::uint64_t>(body.data() + 8);
    appended->count = load_number<std::uint32_t>(body.data() + 16);
    if (!read_meta(body.substr(append_fixed_bytes, meta), *appended) ||
        !read_extent(body.size() - append_fixed_bytes - meta, *appended)) {
        appended.reset();
    }
    return appended;
}

std::optional<MessagesAppended> decode_appended(const RecordView& record) {
    auto appended = decode_appended_head(record);
    if (appended && !read_data(data_of(record), *appended)) appended.reset();
    return appended;
}

std::optional<RecordView> decode_record(std::string_view bytes, bool verify) {
    if (bytes.size() < record_header_bytes) return {};
    const char* header = bytes.data();
    const auto body_bytes = load_number<std::uint32_t>(header);
    const std::uint64_t total = record_header_bytes + round_up(body_bytes, 8);
    if (total > bytes.size()) return {};
    const auto type = static_cast<std::uint8_t>(header[8]);
    if (type < static_cast<std::uint8_t>(RecordType::stream_created) ||
        type > static_cast<std::uint8_t>(RecordType::stream_truncated)) {
        return {};
    }

    RecordView record;
    record.type = RecordType{type};
    record.flags = static_cast<std::uint8_t>(header[9]);
    record.timestamp_ms = static_cast<std::int64_t>(load_number<std::uint64_t>(header + 8) >> 16);
    record.incarnation.value = load_number<std::uint64_t>(header + 16);
    record.body = bytes.substr(record_header_bytes, body_bytes);
    record.bytes = bytes.substr(0, total);
    if (verify && record_crc(record.bytes) != load_number<std::uint32_t>(header + 4)) return {};
    return record;
}

std::optional<std::uint64_t> detail::take_long_varint(std::string_view& in) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < in.size() && i < 10; ++i) {
        const auto byte = static_cast<std::uint8_t>(in[i]);
        value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
        if (byte >= 0x80) continue;
        // A number has one encoding: no bits beyond the 64th, no zeros in front.
        if ((i == 9 && byte > 1) || (i > 0 && byte == 0)) return {};
        in.remove_prefix(i + 1);
        return value;
    }
    return {};
}

}  // namespace foldback::log
