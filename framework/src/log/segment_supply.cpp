#include "log/segment_supply.hpp"

#include <algorithm>
#include <cstring>

#include "log/aligned_blocks.hpp"
#include "log/log_files.hpp"

namespace foldback::log {

namespace {

constexpr std::uint64_t slice_bytes = 1 << 20;

std::span<const std::byte> zero_slice() {
    static const AlignedBytes zeros = [] {
        AlignedBytes bytes(AlignedBytes::huge_page_bytes);
        std::memset(bytes.data(), 0, bytes.size());
        return bytes;
    }();
    return {zeros.data(), slice_bytes};
}

/// Creates a file with `size` reserved bytes; leaves none behind when that fails.
std::unique_ptr<LogFile> create_allocated(LogDevice& device, std::string_view name, std::uint64_t size) {
    discard_file(device, name);
    auto file = device.open(name, LogDevice::Open::create_new);
    try {
        file->allocate(size);
    } catch (const DeviceError&) {
        discard_file(device, name);
        throw;
    }
    return file;
}

}  // namespace

SegmentSupply::SegmentSupply(std::shared_ptr<LogDevice> device, std::uint64_t segment_bytes)
    : device_(std::move(device)), segment_bytes_(segment_bytes) {}

void SegmentSupply::adopt_spare() {
    const std::lock_guard lock(mutex_);
    auto file = device_->open(spare_name, LogDevice::Open::read_write);
    if (file->size() != segment_bytes_) {
        discard_file(*device_, spare_name);
        return;
    }
    if (spare_) discard_file(*device_, filling_name);
    spare_ = std::move(file);
    ready_ = true;
}

void SegmentSupply::adopt_filling() {
    const std::lock_guard lock(mutex_);
    try {
        auto file = device_->open(filling_name, LogDevice::Open::read_write);
        if (file->size() == segment_bytes_) {
            file->allocate(segment_bytes_);
            spare_ = std::move(file);
            return;
        }
    } catch (const DeviceError&) {
        // As if it had not been there.
    }
    discard_file(*device_, filling_name);
}

bool SegmentSupply::fill_slice() {
    const std::lock_guard lock(mutex_);
    if (ready_ || failed_) return false;
    try {
        fill_next_slice();
    } catch (const DeviceError& error) {
        // Nothing depends on the spare. Space may come back; a device that fails otherwise is not bothered again.
        spare_.reset();
        discard_file(*device_, filling_name);
        failed_ = !error.is_full();
        return false;
    }
    return !ready_;
}

void SegmentSupply::fill_next_slice() {
    if (!spare_) {
        spare_ = create_allocated(*device_, filling_name, segment_bytes_);
        filled_bytes_ = 0;
    }
    const auto count = std::min(slice_bytes, segment_bytes_ - filled_bytes_);
    spare_->write_blocks(filled_bytes_, zero_slice().first(count));
    // Slice by slice, so that no flush of the log ever waits behind a whole segment of zeros.
    spare_->sync();
    filled_bytes_ += count;
    if (filled_bytes_ < segment_bytes_) return;
    spare_->finish_blocks();
    device_->rename(filling_name, spare_name);
    ready_ = true;
}

SegmentSupply::Blank SegmentSupply::take(std::uint64_t capacity) {
    const bool spare_suffices = capacity <= segment_bytes_;
    if (spare_suffices) {
        const std::unique_lock lock(mutex_, std::try_to_lock);
        if (lock && ready_) return take_spare();
    }
    try {
        return allocate_blank(std::max(capacity, segment_bytes_));
    } catch (const DeviceError& error) {
        if (!error.is_full() || !spare_suffices) throw;
        const std::lock_guard lock(mutex_);
        if (!spare_) throw;
        return take_spare();
    }
}

SegmentSupply::Blank SegmentSupply::take_spare() {
    // Renamed at once: the next spare may be ready before this file has become a segment.
    device_->rename(ready_ ? spare_name : filling_name, blank_name);
    ready_ = false;
    return {.file = std::move(spare_), .capacity = segment_bytes_};
}

SegmentSupply::Blank SegmentSupply::allocate_blank(std::uint64_t capacity) {
    return {.file = create_allocated(*device_, blank_name, capacity), .capacity = capacity};
}

}  // namespace foldback::log
