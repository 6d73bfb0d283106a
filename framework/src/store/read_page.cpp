#include "foldback/store/read_page.hpp"

#include "foldback/store/errors.hpp"

namespace foldback {

MessageIterator::MessageIterator(const Run* run, const Run* end, Framing framing)
    : run_(run), end_(end), framing_(framing) {
    enter_run();
}

MessageIterator& MessageIterator::operator++() {
    ++index_;
    if (index_ == run_->count) {
        ++run_;
        enter_run();
        return *this;
    }
    ++message_.offset.value;
    ++message_.position.value;
    const auto* comma = message_.data.data() + message_.data.size();
    if (comma == run_->data.data() + run_->data.size()) throw StorageError("a run holds fewer messages than it says");
    message_.data = {comma + 1, 0};
    load_size();
    return *this;
}

void MessageIterator::enter_run() {
    index_ = 0;
    while (run_ != end_ && run_->count == 0) ++run_;
    if (run_ == end_) return;
    message_ = {run_->first, run_->first_position, run_->committed_at, run_->data};
    if (framing_ == Framing::bytes) return;
    size_ = run_->sizes.data();
    load_size();
}

/// Reads the next size and lets the message end there.
void MessageIterator::load_size() {
    const auto* sizes_end = run_->sizes.data() + run_->sizes.size();
    const auto* data_end = run_->data.data() + run_->data.size();
    std::uint64_t size = 0;
    for (unsigned shift = 0;; shift += 7) {
        if (size_ == sizes_end || shift > 28) throw StorageError("a run's message sizes are damaged");
        const auto byte = static_cast<unsigned char>(*size_++);
        size |= std::uint64_t{byte & 0x7Fu} << shift;
        if (byte < 0x80) break;
    }
    const auto* begin = message_.data.data();
    if (size > static_cast<std::uint64_t>(data_end - begin))
        throw StorageError("a run's message sizes exceed its data");
    message_.data = {begin, size};
}

}  // namespace foldback
