#include "remote/known_places.hpp"

#include <iterator>

namespace foldback::remote {
namespace {

/// Places remembered of one stream, besides its beginning.
constexpr std::size_t max_tokens = 64;

}  // namespace

void KnownStream::note(std::uint64_t count, std::string token) {
    if (count == 0) return;
    const auto noted = tokens.insert_or_assign(count, std::move(token)).first;
    if (tokens.size() <= max_tokens + 1) return;
    // The earliest goes, since what is appended lies near the end; but not this one, from which its reader goes on.
    const auto earliest = std::next(tokens.begin());
    tokens.erase(earliest == noted ? std::next(earliest) : earliest);
}

std::pair<std::uint64_t, std::string> KnownStream::before(std::uint64_t count) const {
    return *std::prev(tokens.upper_bound(count));
}

KnownStream& KnownPlaces::of(const std::string& stream) {
    if (const auto found = by_stream_.find(stream); found != by_stream_.end()) {
        latest_first_.splice(latest_first_.begin(), latest_first_, found->second);
        return found->second->known;
    }
    if (latest_first_.size() >= max_streams_) {
        by_stream_.erase(latest_first_.back().stream);
        latest_first_.pop_back();
    }
    latest_first_.push_front({stream, {}});
    by_stream_[stream] = latest_first_.begin();
    return latest_first_.front().known;
}

void KnownPlaces::forget(const std::string& stream) {
    const auto found = by_stream_.find(stream);
    if (found == by_stream_.end()) return;
    latest_first_.erase(found->second);
    by_stream_.erase(found);
}

}  // namespace foldback::remote
