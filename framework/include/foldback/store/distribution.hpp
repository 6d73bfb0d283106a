#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace foldback {

/// How many values fell into which power of two, for statistics: bucket i holds what is greater than 2^(i-1) and at most
/// 2^i, the first also 0, the last everything greater.
struct Distribution {
    static constexpr std::size_t bucket_count = 26;

    std::array<std::uint64_t, bucket_count> counts{};
    std::uint64_t sum = 0;

    [[nodiscard]] static constexpr std::size_t bucket_of(std::uint64_t value) noexcept {
        const auto bucket = value == 0 ? std::size_t{0} : static_cast<std::size_t>(std::bit_width(value - 1));
        return bucket < bucket_count ? bucket : bucket_count - 1;
    }
    /// The greatest value of a bucket that is not the last.
    [[nodiscard]] static constexpr std::uint64_t bound_of(std::size_t bucket) noexcept {
        return std::uint64_t{1} << bucket;
    }
};

}  // namespace foldback
