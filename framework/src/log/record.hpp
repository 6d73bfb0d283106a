#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/store/messages.hpp"
#include "foldback/store/types.hpp"
#include "log/byte_buffer.hpp"

/// The store's own events, as they lie in a commit (docs/store-format.md). Integers are little-endian.
namespace foldback::log {

enum class RecordType : std::uint8_t {
    stream_created = 1,
    messages_appended = 2,
    stream_closed = 3,
    stream_deleted = 4,
    stream_truncated = 5,
};

/// u32 body length · u32 CRC32C of the record without this field · u8 type · u8 flags · u48 timestamp
/// (Unix milliseconds; 0 except for messages) · u64 incarnation; then the body, then zeros to a multiple of 8.
inline constexpr std::size_t record_header_bytes = 24;

struct RecordView {
    RecordType type{};
    std::uint8_t flags = 0;
    std::int64_t timestamp_ms = 0;
    Incarnation incarnation;
    std::string_view body;
    std::string_view bytes;  ///< the whole record, header and padding included
};

/// Reads the record that begins at `bytes`. Checks lengths, and its CRC when `verify`. Empty when it is not valid.
[[nodiscard]] std::optional<RecordView> decode_record(std::string_view bytes, bool verify);

struct StreamCreated {
    Incarnation incarnation;
    std::string path;
    std::string content_type;
    std::optional<std::int64_t> ttl_seconds;
    std::optional<std::int64_t> expires_at_ms;
    std::int64_t created_at_ms = 0;
    bool closed = false;
    Incarnation forked_from;  ///< 0: not a fork
    Offset fork_offset;       ///< data before it is the source's
    /// The fork point as the request gave it (its offset, without sub-offset), for idempotent re-creation.
    StreamPoint requested_fork_point;
    std::uint64_t requested_sub_offset = 0;
    bool requested_tail = false;  ///< the request named no fork offset
};

struct MessagesAppended {
    Incarnation incarnation;
    Framing framing = Framing::bytes;
    Offset first;  ///< offset of the first message
    Position first_position;
    std::int64_t timestamp_ms = 0;  ///< when it was committed
    std::uint32_t count = 0;        ///< messages; bytes: 1
    std::uint64_t extent = 0;       ///< how far the tail moves: messages (JSON) or bytes
    /// The producer's tuple, on the last record of its append; empty id: none.
    std::string_view producer_id;
    std::uint64_t producer_epoch = 0;
    std::uint64_t producer_seq = 0;
    std::optional<std::string_view> stream_seq;
    bool closes = false;           ///< the stream is closed after this record
    bool payload_dropped = false;  ///< the messages were truncated and rewritten away; all else still holds
    std::string_view sizes;        ///< JSON: each message's size as LEB128
    std::string_view payload;      ///< JSON: messages joined by commas
};

struct StreamClosed {
    Incarnation incarnation;
    std::string_view producer_id;  ///< of the request that closed it; empty: none
    std::uint64_t producer_epoch = 0;
    std::uint64_t producer_seq = 0;
};

enum class DeleteReason : std::uint8_t { requested = 0, expired = 1 };

struct StreamDeleted {
    Incarnation incarnation;
    DeleteReason reason = DeleteReason::requested;
};

struct StreamTruncated {
    Incarnation incarnation;
    Offset before;
};

/// The stream was read, on a node whose reads the others do not see: its sliding expiry counts from then.
///
/// It has no type of its own. It lies in a commit as an append of nothing whose payload was dropped, which programs that know nothing
/// of renewals fold rightly: the tail stays where it is, and the stream was used.
struct StreamRenewed {
    Incarnation incarnation;
    Framing framing = Framing::bytes;
    Offset tail;             ///< the stream's
    Position next_position;  ///< the store's
    std::int64_t accessed_at_ms = 0;
};

/// Appends one encoded record to `out` (whose size is a multiple of 8, and is again afterwards).
void encode(const StreamCreated& record, ByteBuffer& out);
void encode(const MessagesAppended& record, ByteBuffer& out);
void encode(const StreamClosed& record, ByteBuffer& out);
void encode(const StreamDeleted& record, ByteBuffer& out);
void encode(const StreamTruncated& record, ByteBuffer& out);
void encode(const StreamRenewed& record, ByteBuffer& out);

/// Reads a record's body. The views point into it. Empty when the body is malformed.
[[nodiscard]] std::optional<StreamCreated> decode_created(const RecordView& record);
[[nodiscard]] std::optional<MessagesAppended> decode_appended(const RecordView& record);
/// The same but for `sizes` and `payload`, which it neither reads nor checks: for folding, which needs none of them.
[[nodiscard]] std::optional<MessagesAppended> decode_appended_head(const RecordView& record);
/// Whether it is a StreamRenewed, whose `accessed_at_ms` is its timestamp. All other records hold or held a message.
[[nodiscard]] inline bool is_renewal(const MessagesAppended& record) noexcept {
    return record.payload_dropped && record.count == 0;
}
[[nodiscard]] std::optional<StreamClosed> decode_closed(const RecordView& record);
[[nodiscard]] std::optional<StreamDeleted> decode_deleted(const RecordView& record);
[[nodiscard]] std::optional<StreamTruncated> decode_truncated(const RecordView& record);

namespace detail {
template <class Out>
void put_long_varint(std::uint64_t value, Out& out) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}
[[nodiscard]] std::optional<std::uint64_t> take_long_varint(std::string_view& in);
}  // namespace detail

/// Unsigned LEB128, to a string or a ByteBuffer. Inline for the sizes of usual messages: there are thousands of them in a
/// batch.
template <class Out>
void put_varint(std::uint64_t value, Out& out) {
    if (value >= 0x4000) return detail::put_long_varint(value, out);
    const char bytes[2] = {static_cast<char>(value < 0x80 ? value : (value | 0x80)), static_cast<char>(value >> 7)};
    out.append(bytes, value < 0x80 ? 1 : 2);
}

/// Reads a number and moves `in` past it; empty (and `in` unchanged) when there is none or it is longer than 10 bytes.
[[nodiscard]] inline std::optional<std::uint64_t> take_varint(std::string_view& in) {
    if (in.size() < 2 || static_cast<std::uint8_t>(in[0]) < 0x80) return detail::take_long_varint(in);
    const auto second = static_cast<std::uint8_t>(in[1]);
    if (second == 0 || second >= 0x80) return detail::take_long_varint(in);
    const auto value = (static_cast<std::uint64_t>(in[0]) & 0x7F) | (static_cast<std::uint64_t>(second) << 7);
    in.remove_prefix(2);
    return value;
}

}  // namespace foldback::log
