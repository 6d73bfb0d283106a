#include "http/admission.hpp"

#include <algorithm>
#include <functional>
#include <string_view>

namespace foldback::server::http {

PeerKey peer_of_v4(std::array<std::uint8_t, 4> address) noexcept {
    PeerKey peer;
    peer.bytes[10] = peer.bytes[11] = 0xFF;
    std::ranges::copy(address, peer.bytes.begin() + 12);
    peer.loopback = address[0] == 127;
    return peer;
}

PeerKey peer_of_v6(const std::array<std::uint8_t, 16>& address) noexcept {
    constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    constexpr std::array<std::uint8_t, 16> loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    if (std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.begin())) {
        return peer_of_v4({address[12], address[13], address[14], address[15]});
    }
    PeerKey peer;
    std::copy_n(address.begin(), 8, peer.bytes.begin());
    peer.loopback = address == loopback;
    return peer;
}

std::size_t Admission::Hash::operator()(const PeerKey& peer) const noexcept {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(peer.bytes.data()), peer.bytes.size()});
}

std::optional<Admission::Seat> Admission::enter(const PeerKey& peer) {
    const std::scoped_lock lock(mutex_);
    if (total_ >= limits_.connections) return std::nullopt;
    if (is_limited(peer)) {
        auto& count = per_address_[peer];
        if (count >= limits_.per_address) return std::nullopt;
        ++count;
    }
    ++total_;
    return Seat(*this, peer);
}

void Admission::leave(const PeerKey& peer) noexcept {
    const std::scoped_lock lock(mutex_);
    if (is_limited(peer)) {
        const auto found = per_address_.find(peer);
        if (--found->second == 0) per_address_.erase(found);
    }
    if (--total_ == 0) empty_.notify_all();
}

bool Admission::wait_until_empty(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    return empty_.wait_until(lock, deadline, [&] { return total_ == 0; });
}

}  // namespace foldback::server::http
