#include "log/record_fields.hpp"

#include <algorithm>
#include <cassert>
#include <stdexcept>

#include "log/bytes.hpp"
#include "log/crc32c.hpp"

namespace foldback::log {

namespace {

constexpr std::int64_t largest_timestamp = (std::int64_t{1} << 48) - 1;

}  // namespace

std::uint32_t record_crc(std::string_view bytes) noexcept {
    return crc32c(bytes.substr(8), crc32c_of(load_number<std::uint32_t>(bytes.data())));
}

std::size_t begin_record(ByteBuffer& out) {
    assert(out.size() % 8 == 0);
    const std::size_t begin = out.size();
    out.append(record_header_bytes, '\0');
    return begin;
}

void finish_record(ByteBuffer& out, std::size_t begin, RecordKind kind, Incarnation incarnation,
                   std::int64_t timestamp_ms) {
    const std::size_t body_bytes = out.size() - begin - record_header_bytes;
    if (body_bytes > UINT32_MAX) throw std::length_error("a record of the log is limited to 4 GiB");
    out.append(round_up(body_bytes, 8) - body_bytes, '\0');
    const auto timestamp = static_cast<std::uint64_t>(std::clamp<std::int64_t>(timestamp_ms, 0, largest_timestamp));
    char* to = out.data() + begin;
    store_number(to, static_cast<std::uint32_t>(body_bytes));
    store_number(to + 8, static_cast<std::uint64_t>(kind.type) | std::uint64_t{kind.flags} << 8 | timestamp << 16);
    store_number(to + 16, incarnation.value);
    store_number(to + 4, record_crc(out.view().substr(begin)));
}

void put_field(ByteBuffer& out, std::uint8_t tag, std::string_view value) {
    out.push_back(static_cast<char>(tag));
    put_varint(value.size(), out);
    out.append(value);
}

void put_number_field(ByteBuffer& out, std::uint8_t tag, std::uint64_t value) {
    out.push_back(static_cast<char>(tag));
    out.push_back(8);
    append_number(out, value);
}

void put_producer_field(ByteBuffer& out, std::uint8_t tag, std::string_view id, std::uint64_t epoch,
                        std::uint64_t seq) {
    out.push_back(static_cast<char>(tag));
    put_varint(16 + id.size(), out);
    append_number(out, epoch);
    append_number(out, seq);
    out.append(id);
}

bool FieldReader::next() {
    if (rest_.empty() || malformed_) return false;
    const auto tag = static_cast<std::uint8_t>(rest_[0]);
    std::string_view after = rest_.substr(1);
    const auto size = take_varint(after);
    if (tag <= tag_ || !size || *size > after.size()) {
        malformed_ = true;
        return false;
    }
    tag_ = tag;
    value_ = after.substr(0, *size);
    rest_ = after.substr(*size);
    return true;
}

std::optional<std::uint64_t> FieldReader::number() const noexcept {
    if (value_.size() != 8) return {};
    return load_number<std::uint64_t>(value_.data());
}

std::optional<ProducerField> read_producer(std::string_view value) noexcept {
    if (value.size() <= 16) return {};
    return ProducerField{.id = value.substr(16),
                         .epoch = load_number<std::uint64_t>(value.data()),
                         .seq = load_number<std::uint64_t>(value.data() + 8)};
}

}  // namespace foldback::log
