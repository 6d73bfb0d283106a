#include "client/epochs.hpp"

#include <random>

namespace foldback::client::detail {

std::uint64_t epoch_to_claim(std::uint64_t current) {
    // A thousand million claims before the numbers run out, and one chance in sixteen million to meet.
    constexpr std::uint64_t most_distance = 1 << 24;
    std::random_device device;
    const auto distance = 1 + device() % most_distance;
    return current > max_epoch - distance ? max_epoch : current + distance;
}

}  // namespace foldback::client::detail
