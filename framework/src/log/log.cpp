#include "log/log.hpp"

#include <algorithm>

#include "log/bytes.hpp"
#include "log/log_files.hpp"
#include "log/log_state.hpp"

namespace foldback::log {

namespace {

constexpr std::uint64_t smallest_segment_bytes = 8192;
/// What the index says of a record's place has 32 bits.
constexpr std::uint64_t largest_segment_bytes = 1 << 30;

Log::Options checked(Log::Options options) {
    options.segment_bytes =
        round_up(std::clamp(options.segment_bytes, smallest_segment_bytes, largest_segment_bytes), block_bytes);
    return options;
}

/// What a commit of `bytes` needs: there is always room left for the seal.
std::uint64_t with_seal(std::uint64_t bytes) noexcept { return bytes + commit_header_bytes; }

}  // namespace

Log::State::State(std::shared_ptr<LogDevice> log_device, Options log_options)
    : device(std::move(log_device)), options(std::move(log_options)), supply(device, options.segment_bytes) {}

std::uint64_t Log::State::new_epoch() const { return options.next_epoch ? options.next_epoch() : fresh_epoch(); }

Log::State::Prepared Log::State::prepare_segment(SegmentHeader header) {
    auto blank = supply.take(header.capacity);
    if (header.epoch == 0) {
        header.capacity = blank.capacity;
        header.epoch = new_epoch();
    }
    try {
        blank.file->write_at(0, as_bytes(encode_segment_header(header)));
        blank.file->sync();
    } catch (const DeviceError&) {
        discard_file(*device, blank_name);
        throw;
    }
    auto file = std::make_shared<TailFile>(std::move(blank.file), blocks);
    return {.segment = std::make_shared<const Segment>(header, file), .file = std::move(file)};
}

void Log::State::enter_segment(Prepared prepared) {
    const auto number = prepared.segment->header().number;
    device->rename(blank_name, segment_name(number));
    device->sync_directory();
    if (tail_file) tail_file->settle();
    prepared.file->begin(segment_header_bytes);
    tail_file = std::move(prepared.file);
    current = prepared.segment;
    sealed = false;
    reserved = true;
    previous_crc = 0;
    const std::unique_lock lock(mutex);
    segments.emplace(number, std::move(prepared.segment));
    tail = {.segment = number, .byte = segment_header_bytes};
}

Log::Log(std::shared_ptr<LogDevice> device, Options options)
    : state_(std::make_unique<State>(std::move(device), checked(std::move(options)))) {}

Log::~Log() = default;

void Log::check_not_poisoned() const {
    if (!poisoned_.load()) return;
    const std::shared_lock lock(state_->mutex);
    throw StorageError("the log takes no more writes until it is reopened: " + state_->poisoned_because);
}

void Log::poison(const std::string& why) {
    const std::unique_lock lock(state_->mutex);
    if (poisoned_.exchange(true)) return;
    state_->poisoned_because = why;
}

/// What has reached the device is unknown after a failure, and a flush that failed must not be tried again: the
/// kernel may have dropped the data and report success the next time.
void Log::poison_on_failure(const std::function<void()>& work) {
    try {
        work();
    } catch (const std::exception& error) {
        poison(error.what());
        throw StorageError(std::string("writing the log failed: ") + error.what());
    }
}

/// For work that reserves space and changes nothing yet.
void Log::poison_unless_full(const std::function<void()>& work) {
    std::exception_ptr full;
    poison_on_failure([&] {
        try {
            work();
        } catch (const DeviceError& error) {
            if (!error.is_full()) throw;
            full = std::current_exception();
        }
    });
    if (full) std::rethrow_exception(full);
}

void Log::ensure_room(std::size_t bytes, Incarnation next_incarnation) {
    check_not_poisoned();
    State& state = *state_;
    if (!state.sealed && state.tail.byte + with_seal(bytes) <= state.current->header().capacity) {
        if (!state.reserved) reserve_current();
    } else {
        begin_segment(bytes, next_incarnation);
    }
}

void Log::reserve_current() {
    State& state = *state_;
    poison_unless_full([&] { state.current->file().allocate(state.current->header().capacity); });
    state.reserved = true;
}

void Log::begin_segment(std::uint64_t bytes, Incarnation next_incarnation) {
    State& state = *state_;
    SegmentHeader header;
    header.number = state.tail.segment + 1;
    header.first_position = state.next_position;
    header.next_incarnation = next_incarnation;
    header.capacity = round_up(segment_header_bytes + with_seal(bytes), block_bytes);

    // All that can fail for lack of space comes before the first byte that changes the log.
    State::Prepared next;
    poison_unless_full([&] { next = state.prepare_segment(header); });
    poison_on_failure([&] {
        if (!state.sealed) seal_current();
        state.enter_segment(std::move(next));
    });
}

void Log::seal_current() {
    State& state = *state_;
    state.seal.clear();
    const auto bytes = state.seal.finish(state.current->header().epoch, state.next_position, state.last_timestamp_ms,
                                         state.previous_crc, true);
    state.current->file().write_at(state.tail.byte, as_bytes(bytes));
    state.current->file().sync();
    state.sealed = true;
}

std::span<std::byte> Log::room(std::size_t bytes) {
    State& state = *state_;
    const bool fits = !state.sealed && state.tail.byte + with_seal(bytes) <= state.current->header().capacity;
    return fits ? state.tail_file->room(bytes) : std::span<std::byte>();
}

Place Log::write(CommitBuilder& commit, std::int64_t timestamp_ms) {
    check_not_poisoned();
    State& state = *state_;
    const auto& segment = state.current->header();
    const Place place = state.tail;
    if (state.sealed || place.byte + with_seal(commit.size()) > segment.capacity) {
        throw std::logic_error("a commit is written for which ensure_room made no room");
    }
    const auto bytes = commit.finish(segment.epoch, state.next_position, timestamp_ms, state.previous_crc);
    poison_on_failure([&] {
        state.current->file().write_at(place.byte, as_bytes(bytes));
        state.current->file().sync();
    });
    state.previous_crc = commit.crc();
    state.last_timestamp_ms = timestamp_ms;
    const std::unique_lock lock(state.mutex);
    state.tail.byte += bytes.size();
    state.next_position.value += commit.messages();
    return place;
}

Place Log::tail() const noexcept {
    const std::shared_lock lock(state_->mutex);
    return state_->tail;
}

Position Log::next_position() const noexcept {
    const std::shared_lock lock(state_->mutex);
    return state_->next_position;
}

bool Log::prepare_next_segment() { return !poisoned() && state_->supply.fill_slice(); }

std::shared_ptr<const Segment> Log::segment(std::uint64_t number) const {
    const std::shared_lock lock(state_->mutex);
    const auto found = state_->segments.find(number);
    return found == state_->segments.end() ? nullptr : found->second;
}

std::shared_ptr<const Segment> Log::segment(std::uint64_t number, std::uint64_t generation) const {
    const std::shared_lock lock(state_->mutex);
    const auto is_wanted = [&](const std::shared_ptr<const Segment>& found) {
        return found && found->header().number == number && found->header().generation == generation;
    };
    const auto found = state_->segments.find(number);
    if (found != state_->segments.end() && is_wanted(found->second)) return found->second;
    return is_wanted(state_->announced) ? state_->announced : nullptr;
}

std::vector<std::shared_ptr<const Segment>> Log::segments() const {
    const std::shared_lock lock(state_->mutex);
    std::vector<std::shared_ptr<const Segment>> all;
    all.reserve(state_->segments.size());
    for (const auto& [number, segment] : state_->segments) all.push_back(segment);
    return all;
}

void Log::scan(Place from, Place to, const std::function<bool(const CommitView&)>& on_commit) const {
    bool wants_more = true;
    for (std::uint64_t number = std::max<std::uint64_t>(from.segment, 1); wants_more && number <= to.segment;
         ++number) {
        const auto part = segment(number);
        if (!part) throw StorageError("the log has no segment " + std::to_string(number));
        const auto from_byte =
            number == from.segment ? std::max<std::uint64_t>(from.byte, segment_header_bytes) : segment_header_bytes;
        const auto end_byte = number == to.segment ? std::optional(to.byte) : std::nullopt;
        if (end_byte && *end_byte <= from_byte) return;
        scan_segment(*part, from_byte, end_byte, [&](const CommitView& commit) {
            wants_more = on_commit(commit);
            return wants_more;
        });
    }
}

}  // namespace foldback::log
