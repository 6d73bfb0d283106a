#include <stdexcept>

#include "log/bytes.hpp"
#include "log/log.hpp"
#include "log/log_files.hpp"
#include "log/log_state.hpp"

namespace foldback::log {

namespace {

constexpr std::size_t pending_limit_bytes = 1 << 20;

/// Nothing of the log depends on the file: a lack of space stays one, anything else is the world that broke.
template <class Work>
auto translating_errors(Work work) {
    try {
        return work();
    } catch (const DeviceError& error) {
        if (error.is_full()) throw;
        throw StorageError(std::string("rewriting a segment failed: ") + error.what());
    }
}

}  // namespace

Log::Rewrite::Rewrite(std::shared_ptr<LogDevice> device, SegmentHeader header, Position end_position)
    : device_(std::move(device)), header_(header), next_position_(header.first_position), end_position_(end_position) {
    const auto name = rewrite_name(header_.number);
    discard_file(*device_, name);
    file_ = device_->open(name, LogDevice::Open::create_new);
}

Log::Rewrite::~Rewrite() {
    if (file_) discard_file(*device_, rewrite_name(header_.number));
}

std::uint64_t Log::Rewrite::add(CommitBuilder& commit, Position first_position, std::int64_t timestamp_ms) {
    if (first_position < next_position_) throw std::logic_error("a rewritten commit's position goes back");
    const std::uint64_t byte = end_;
    pending_.append(commit.finish(header_.epoch, first_position, timestamp_ms, previous_crc_));
    end_ += commit.size();
    previous_crc_ = commit.crc();
    timestamp_ms_ = timestamp_ms;
    next_position_.value = first_position.value + commit.messages();
    if (pending_.size() >= pending_limit_bytes) translating_errors([&] { write_pending(); });
    return byte;
}

void Log::Rewrite::write_pending() {
    file_->write_at(end_ - pending_.size(), as_bytes(pending_));
    pending_.clear();
}

Log::Rewrite Log::begin_rewrite(std::uint64_t number) {
    check_not_poisoned();
    const auto old = segment(number);
    const auto next = segment(number + 1);
    // The header of the next segment keeps what a rewriting may drop: where positions and incarnations went on.
    if (!old || !next) throw std::logic_error("only a segment that another one follows can be rewritten");
    SegmentHeader header = old->header();
    header.epoch = state_->new_epoch();
    ++header.generation;
    return translating_errors([&] { return Rewrite(state_->device, header, next->header().first_position); });
}

std::shared_ptr<const Segment> Log::finish_rewrite(Rewrite rewrite) {
    check_not_poisoned();
    if (rewrite.next_position_ > rewrite.end_position_) throw std::logic_error("a rewriting added messages");
    CommitBuilder seal;
    rewrite.pending_.append(
        seal.finish(rewrite.header_.epoch, rewrite.end_position_, rewrite.timestamp_ms_, rewrite.previous_crc_, true));
    rewrite.end_ += seal.size();
    rewrite.header_.capacity = rewrite.end_;
    translating_errors([&] {
        rewrite.write_pending();
        rewrite.file_->write_at(0, as_bytes(encode_segment_header(rewrite.header_)));
        rewrite.file_->sync();
        rewrite.file_->settle();
    });
    const auto number = rewrite.header_.number;
    auto finished = std::make_shared<const Segment>(rewrite.header_, std::move(rewrite.file_));
    poison_on_failure([&] {
        state_->device->rename(rewrite_name(number), segment_name(number));
        state_->device->sync_directory();
    });
    return finished;
}

void Log::announce(std::shared_ptr<const Segment> segment) {
    const std::unique_lock lock(state_->mutex);
    state_->announced = std::move(segment);
}

void Log::publish(std::shared_ptr<const Segment> segment) {
    const auto number = segment->header().number;
    const std::unique_lock lock(state_->mutex);
    state_->announced.reset();
    state_->segments.insert_or_assign(number, std::move(segment));
}

}  // namespace foldback::log
