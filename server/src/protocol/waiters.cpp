#include "protocol/waiters.hpp"

#include <utility>

namespace foldback::server::protocol {

Waiters::Place& Waiters::Place::operator=(Place&& other) noexcept {
    if (this != &other) {
        give_back();
        waiters_ = std::move(other.waiters_);
        stream_ = std::move(other.stream_);
    }
    return *this;
}

void Waiters::Place::give_back() noexcept {
    if (const auto waiters = std::exchange(waiters_, nullptr)) waiters->release(stream_);
}

Parsed<Waiters::Place> Waiters::take_place(const std::string& stream) {
    const std::lock_guard lock(mutex_);
    if (all_ >= max_all_) return Problem(503, "too-many-readers", "The server has all the live readers it takes.");
    auto& here = per_stream_[stream];
    if (here >= max_per_stream_) {
        return Problem(429, "too-many-readers", "The stream has all the live readers it takes.");
    }
    ++here;
    ++all_;
    return Place(shared_from_this(), stream);
}

std::size_t Waiters::count() const {
    const std::lock_guard lock(mutex_);
    return all_;
}

void Waiters::release(const std::string& stream) noexcept {
    const std::lock_guard lock(mutex_);
    --all_;
    const auto here = per_stream_.find(stream);
    if (--here->second == 0) per_stream_.erase(here);
}

}  // namespace foldback::server::protocol
