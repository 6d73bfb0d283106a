#include "store/page_filler.hpp"

#include <algorithm>

namespace foldback {
namespace {

Timestamp committed_at(const log::MessagesAppended& record) {
    return Timestamp{std::chrono::milliseconds{record.timestamp_ms}};
}

std::uint64_t take_size(std::string_view& sizes) {
    const auto size = log::take_varint(sizes);
    if (!size) throw StorageError("the message sizes of a stored record cannot be read");
    return *size;
}

}  // namespace

bool PageFiller::takes(std::size_t bytes) {
    if (bytes > bytes_left_ && !page_.runs.empty()) {
        full_ = true;
        return false;
    }
    bytes_left_ -= std::min(bytes_left_, bytes);
    return true;
}

Offset PageFiller::add(const log::MessagesAppended& record, Offset from, Offset to) {
    return record.framing == Framing::json ? add_json(record, from, to) : add_bytes(record, from, to);
}

Offset PageFiller::add_bytes(const log::MessagesAppended& record, Offset from, Offset to) {
    const auto skip = from.value - record.first.value;
    const auto wanted = std::min<std::uint64_t>(record.payload.size(), to.value - record.first.value) - skip;
    // Bytes have no messages to keep whole: the page is filled to the brim.
    const auto taken = std::min<std::uint64_t>(wanted, std::max<std::size_t>(bytes_left_, page_.runs.empty() ? 1 : 0));
    if (taken == 0) {
        full_ = true;
        return from;
    }
    page_.runs.push_back({.first = from,
                          .first_position = record.first_position,
                          .committed_at = committed_at(record),
                          .count = 1,
                          .data = record.payload.substr(skip, taken),
                          .sizes = {}});
    bytes_left_ -= std::min<std::size_t>(bytes_left_, taken);
    --messages_left_;
    full_ = full_ || taken < wanted || bytes_left_ == 0;
    return {from.value + taken};
}

Offset PageFiller::add_json(const log::MessagesAppended& record, Offset from, Offset to) {
    const auto end = std::min<std::uint64_t>(record.first.value + record.count, to.value);
    Run run{.first = from,
            .first_position = {record.first_position.value + (from.value - record.first.value)},
            .committed_at = committed_at(record)};
    const bool whole = from == record.first && end == record.first.value + record.count;
    if (whole && record.payload.size() <= bytes_left_ && record.count <= messages_left_) {
        run.count = record.count;
        run.data = record.payload;
        run.sizes = record.sizes;
        bytes_left_ -= record.payload.size();
        messages_left_ -= record.count;
        page_.runs.push_back(run);
        return {end};
    }
    auto sizes = record.sizes;
    std::size_t begin = 0;
    for (auto skipped = record.first.value; skipped < from.value; ++skipped) begin += take_size(sizes) + 1;
    const auto* const first_size = sizes.data();
    auto byte = begin;
    auto at = from.value;
    while (at < end && messages_left_ > 0) {
        auto peeked = sizes;
        const auto size = take_size(peeked);
        const bool has_room = run.count > 0 ? size + 1 <= bytes_left_ : takes(size);
        if (!has_room) {
            full_ = true;
            break;
        }
        if (run.count > 0) bytes_left_ -= size + 1;
        byte += size + (run.count > 0 ? 1 : 0);
        sizes = peeked;
        ++run.count;
        ++at;
        --messages_left_;
    }
    if (run.count == 0) return from;
    run.data = record.payload.substr(begin, byte - begin);
    run.sizes = {first_size, static_cast<std::size_t>(sizes.data() - first_size)};
    page_.runs.push_back(run);
    return {at};
}

Offset PageFiller::add_backward(const log::MessagesAppended& record, Offset before, Offset first) {
    std::vector<Run> messages;
    if (record.framing == Framing::json) {
        auto sizes = record.sizes;
        std::size_t byte = 0;
        for (std::uint32_t i = 0; i < record.count && record.first.value + i < before.value; ++i) {
            const auto* const size_begin = sizes.data();
            const auto size = take_size(sizes);
            messages.push_back({.first = {record.first.value + i},
                                .first_position = {record.first_position.value + i},
                                .committed_at = committed_at(record),
                                .count = 1,
                                .data = record.payload.substr(byte, size),
                                .sizes = {size_begin, static_cast<std::size_t>(sizes.data() - size_begin)}});
            byte += size + 1;
        }
    } else {
        const auto skip = first > record.first ? first.value - record.first.value : 0;
        messages.push_back({.first = {record.first.value + skip},
                            .first_position = record.first_position,
                            .committed_at = committed_at(record),
                            .count = 1,
                            .data = record.payload.substr(skip, before.value - record.first.value - skip),
                            .sizes = {}});
    }
    for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
        if (message->first < first || full() || !takes(message->data.size())) break;
        page_.runs.push_back(*message);
        --messages_left_;
        before = message->first;
    }
    return before;
}

}  // namespace foldback
