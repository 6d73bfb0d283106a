#include "log/bulk_writer.hpp"

#include "log/bytes.hpp"

namespace foldback::log {

namespace {

constexpr std::size_t slice_bytes = 128 * 1024;

}  // namespace

void BulkWriter::write(const std::shared_ptr<const Segment>& segment, std::uint64_t byte, std::string_view bytes) {
    auto& file = segment->file();
    for (std::size_t done = 0; done < bytes.size(); done += slice_bytes) {
        const auto slice = bytes.substr(done, slice_bytes);
        file.write_at(byte + done, as_bytes(slice));
        // The last slice goes out with the flush.
        if (done + slice.size() < bytes.size()) file.begin_writing_out(byte + done, slice.size());
    }
    const std::lock_guard lock(mutex_);
    cached_.push_back({segment, byte, bytes.size()});
    cached_bytes_ += bytes.size();
}

void BulkWriter::forget_oldest() {
    while (const auto oldest = take_oldest()) oldest->segment->file().forget_cached(oldest->byte, oldest->size);
}

std::optional<BulkWriter::Written> BulkWriter::take_oldest() {
    const std::lock_guard lock(mutex_);
    if (cached_bytes_ <= kept_in_cache_bytes) return std::nullopt;
    auto oldest = std::move(cached_.front());
    cached_.pop_front();
    cached_bytes_ -= oldest.size;
    return oldest;
}

}  // namespace foldback::log
