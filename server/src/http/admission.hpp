#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace foldback::server::http {

/// Who is counted together: an IPv4 address, or an IPv6 /64. Never both kinds: IPv4-mapped IPv6 addresses are IPv4.
struct PeerKey {
    std::array<std::uint8_t, 16> bytes{};
    bool loopback = false;

    friend bool operator==(const PeerKey& a, const PeerKey& b) noexcept { return a.bytes == b.bytes; }
};

[[nodiscard]] PeerKey peer_of_v4(std::array<std::uint8_t, 4> address) noexcept;
[[nodiscard]] PeerKey peer_of_v6(const std::array<std::uint8_t, 16>& address) noexcept;

struct AdmissionLimits {
    std::size_t connections = 10'000;
    std::size_t per_address = 256;
    bool limit_loopback = false;
};

/// Counts connections, in all and per address. Any thread.
class Admission {
public:
    explicit Admission(AdmissionLimits limits) : limits_(limits) {}

    /// A connection's place; its end gives the place back. The admission must outlive it.
    class Seat {
    public:
        Seat(Seat&& other) noexcept : admission_(std::exchange(other.admission_, nullptr)), peer_(other.peer_) {}
        Seat& operator=(Seat&&) = delete;
        ~Seat() {
            if (admission_) admission_->leave(peer_);
        }

        [[nodiscard]] const PeerKey& peer() const noexcept { return peer_; }

    private:
        friend class Admission;
        Seat(Admission& admission, const PeerKey& peer) noexcept : admission_(&admission), peer_(peer) {}
        Admission* admission_;
        PeerKey peer_;
    };

    /// Nothing when a limit is reached.
    [[nodiscard]] std::optional<Seat> enter(const PeerKey& peer);

    [[nodiscard]] std::size_t connections() const noexcept { return total_.load(std::memory_order_relaxed); }

    /// Waits until nobody is inside. False when somebody still was at the deadline.
    [[nodiscard]] bool wait_until_empty(std::chrono::steady_clock::time_point deadline);

private:
    struct Hash {
        std::size_t operator()(const PeerKey& peer) const noexcept;
    };

    [[nodiscard]] bool is_limited(const PeerKey& peer) const noexcept {
        return limits_.limit_loopback || !peer.loopback;
    }
    void leave(const PeerKey& peer) noexcept;

    AdmissionLimits limits_;
    std::mutex mutex_;
    std::condition_variable empty_;
    std::atomic<std::size_t> total_{0};  ///< written under the mutex
    std::unordered_map<PeerKey, std::size_t, Hash> per_address_;
};

}  // namespace foldback::server::http
