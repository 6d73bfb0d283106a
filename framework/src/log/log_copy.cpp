#include <algorithm>
#include <utility>

#include "log/bytes.hpp"
#include "log/commit_reader.hpp"
#include "log/log_files.hpp"
#include "log/log_state.hpp"
#include "log/shared_log.hpp"

namespace foldback::log {

/// The last segment first: wherever this ends, what is left is damaged, and so removed the next time.
void discard_copy(LogDevice& device) {
    const auto files = find_log_files(device);
    for (auto number = files.segments.rbegin(); number != files.segments.rend(); ++number)
        device.remove(segment_name(*number));
    device.sync_directory();
}

LastCommit Log::last_commit() const noexcept { return {.place = state_->last_commit, .crc = state_->last_commit_crc}; }

bool Log::is_sealed() const noexcept { return state_->sealed; }

SharedAppend Log::propose(CommitBuilder& commit, std::int64_t timestamp_ms, Incarnation next_incarnation) {
    check_not_poisoned();
    State& state = *state_;
    if (state.sealed) throw std::logic_error("a commit is proposed behind a seal");
    state.checked_ahead.reset();
    const auto position = state.next_position;
    const auto& segment = state.current->header();
    SharedAppend append{.previous = last_commit()};
    if (state.tail.byte + commit.size() + commit_header_bytes <= segment.capacity) {
        append.commit.place = state.tail;
        append.commit.bytes = commit.finish(segment.epoch, position, timestamp_ms, state.previous_crc);
        return append;
    }
    state.seal.clear();
    append.seal = {
        .place = state.tail,
        .bytes = state.seal.finish(segment.epoch, position, state.last_timestamp_ms, state.previous_crc, true)};
    SegmentHeader next;
    next.number = segment.number + 1;
    next.epoch = state.new_epoch();
    next.first_position = position;
    next.next_incarnation = next_incarnation;
    next.capacity = std::max(state.options.segment_bytes,
                             round_up(segment_header_bytes + commit.size() + commit_header_bytes, block_bytes));
    append.commit = {.place = {.segment = next.number, .byte = segment_header_bytes},
                     .bytes = commit.finish(next.epoch, position, timestamp_ms, 0),
                     .begins = next};
    return append;
}

/// Checks that a commit goes on where the copy ends.
CommitView Log::read_next(const SharedCommit& commit) const {
    const State& state = *state_;
    const auto fail = [&](const char* what) {
        return StorageError("the shared log's commit in segment " + std::to_string(commit.place.segment) + ", byte " +
                            std::to_string(commit.place.byte) + ", " + what);
    };
    const auto header = read_commit_header(commit.bytes, state.current->header().epoch);
    if (!header || commit.bytes.size() != commit_header_bytes + header->payload_bytes) throw fail("is malformed");
    if (!is_intact(commit.bytes, *header)) throw fail("does not match its checksum");
    if (has_unknown_parts(commit.bytes)) throw fail("is of a version that this one does not know");
    if (commit.place != state.tail || state.sealed) throw fail("is not the one that comes next");
    if (header->previous_crc != state.previous_crc || header->first_position != state.next_position)
        throw fail("does not continue the one before");
    if (commit.place.byte + commit.bytes.size() > state.current->header().capacity)
        throw fail("goes beyond the end of its segment");
    return {
        .header = *header, .place = commit.place, .generation = 0, .payload = commit.bytes.substr(commit_header_bytes)};
}

void Log::write_ahead(const SharedAppend& proposed) noexcept {
    if (proposed.seal) return;
    try {
        poison_on_failure([&] {
            const auto view = read_next(proposed.commit);
            reserve_copy();
            state_->tail_file->write_ahead(as_bytes(proposed.commit.bytes), commit_header_bytes);
            state_->checked_ahead = view;
        });
    } catch (const StorageError&) {
        // The log is poisoned.
    }
}

void Log::reserve_copy() {
    State& state = *state_;
    if (state.reserved) return;
    state.current->file().allocate(state.current->header().capacity);
    state.reserved = true;
}

CommitView Log::accept(const SharedCommit& commit) {
    check_not_poisoned();
    State& state = *state_;
    const auto checked = std::exchange(state.checked_ahead, std::nullopt);
    const auto payload = commit.bytes.substr(std::min(commit.bytes.size(), commit_header_bytes));
    const bool is_checked =
        checked && checked->payload.data() == payload.data() && checked->payload.size() == payload.size();
    CommitView view;
    poison_on_failure([&] {
        if (commit.begins && commit.begins->number == state.tail.segment + 1 && state.sealed) {
            state.enter_segment(state.prepare_segment(*commit.begins));
        }
        view = is_checked ? *checked : read_next(commit);
        reserve_copy();
        state.current->file().write_at(commit.place.byte, as_bytes(commit.bytes));
        if (view.header.seals) state.current->file().sync();
    });
    state.sealed = view.header.seals;
    state.previous_crc = view.header.crc;
    state.last_commit = commit.place;
    state.last_commit_crc = view.header.crc;
    state.last_timestamp_ms = view.header.timestamp_ms;
    const std::unique_lock lock(state.mutex);
    state.tail.byte += commit.bytes.size();
    state.next_position.value += view.header.messages;
    return view;
}

}  // namespace foldback::log
