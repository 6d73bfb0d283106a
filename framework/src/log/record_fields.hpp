#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "log/record.hpp"

/// What the encodings of all records share: framing, and tagged fields (u8 tag · LEB128 length · value).
namespace foldback::log {

/// Makes room for a record's header at the end of `out`; returns where the record begins.
[[nodiscard]] std::size_t begin_record(ByteBuffer& out);

struct RecordKind {
    RecordType type{};
    std::uint8_t flags = 0;
};

/// Pads the record that began at `begin` and writes its header. `timestamp_ms` is kept to 48 bits: the years 1970 to 10889.
///
/// What comes by value comes in registers: type and flags, written apart and read back as one number, would wait for all stores
/// before them, and those go to memory that no cache holds (1.5 µs in a commit of 64 records).
void finish_record(ByteBuffer& out, std::size_t begin, RecordKind kind, Incarnation incarnation,
                   std::int64_t timestamp_ms = 0);

/// The CRC32C that belongs into the header of these bytes, which are a whole record.
[[nodiscard]] std::uint32_t record_crc(std::string_view bytes) noexcept;

[[nodiscard]] constexpr std::size_t varint_size(std::uint64_t value) noexcept {
    std::size_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
}
[[nodiscard]] constexpr std::size_t field_size(std::size_t value_size) noexcept {
    return 1 + varint_size(value_size) + value_size;
}

void put_field(ByteBuffer& out, std::uint8_t tag, std::string_view value);
void put_number_field(ByteBuffer& out, std::uint8_t tag, std::uint64_t value);

/// A request's producer tuple as one field: u64 epoch · u64 seq · id.
void put_producer_field(ByteBuffer& out, std::uint8_t tag, std::string_view id, std::uint64_t epoch, std::uint64_t seq);

/// Walks the fields of a section. Tags must strictly increase, so that a record has one encoding.
class FieldReader {
public:
    explicit FieldReader(std::string_view section) noexcept : rest_(section) {}

    /// Moves to the next field; false at the end of the section or where it is malformed.
    [[nodiscard]] bool next();

    [[nodiscard]] std::uint8_t tag() const noexcept { return tag_; }
    [[nodiscard]] std::string_view value() const noexcept { return value_; }
    [[nodiscard]] std::optional<std::uint64_t> number() const noexcept;
    /// Whether the whole section was read and well-formed.
    [[nodiscard]] bool complete() const noexcept { return rest_.empty() && !malformed_; }

private:
    std::string_view rest_;
    std::string_view value_;
    std::uint8_t tag_ = 0;
    bool malformed_ = false;
};

struct ProducerField {
    std::string_view id;
    std::uint64_t epoch = 0;
    std::uint64_t seq = 0;
};
[[nodiscard]] std::optional<ProducerField> read_producer(std::string_view value) noexcept;

}  // namespace foldback::log
