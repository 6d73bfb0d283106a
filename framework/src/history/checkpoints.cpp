#include "history/checkpoints.hpp"

#include <algorithm>

namespace foldback::history {

Checkpoints::Checkpoints(std::size_t every, std::size_t max_bytes, Offset first, std::shared_ptr<const Fold> start)
    : every_(std::max<std::size_t>(every, 1)), max_bytes_(max_bytes) {
    entries_.push_back({first, std::move(start)});
}

void Checkpoints::keep(Offset at, const Fold& fold) {
    entries_.push_back({at, fold.clone(), fold.bytes()});
    bytes_ += entries_.back().bytes;
    while (bytes_ > max_bytes_ && entries_.size() > 2) thin();
}

void Checkpoints::thin() {
    every_ *= 2;
    const Offset first = entries_.front().at;
    std::erase_if(entries_, [&](const Entry& entry) { return (entry.at.value - first.value) % every_ != 0; });
    bytes_ = 0;
    for (const auto& entry : entries_) bytes_ += entry.bytes;
}

const Checkpoints::Entry& Checkpoints::before(Offset moment) const {
    const auto after = std::upper_bound(entries_.begin(), entries_.end(), moment,
                                        [](Offset at, const Entry& entry) { return at < entry.at; });
    return *std::prev(after);
}

Checkpoints Checkpoints::up_to(Offset moment) const {
    Checkpoints copy = *this;
    std::erase_if(copy.entries_, [&](const Entry& entry) { return entry.at > moment; });
    copy.bytes_ = 0;
    for (const auto& entry : copy.entries_) copy.bytes_ += entry.bytes;
    return copy;
}

}  // namespace foldback::history
