#include "index/path_filter.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

namespace foldback::index {
namespace {

constexpr std::size_t bits_per_path = 8;
constexpr std::size_t bits_per_block = 512;
constexpr std::size_t paths_per_block = bits_per_block / bits_per_path;
constexpr std::size_t first_blocks = 1024;
/// Bits that a path sets.
constexpr int marks = 5;

/// Calls `visit(word, bit)` for each of a path's bits in its block, until that says false; whether it never did.
template <class Visit>
bool for_marks(std::uint64_t hash, const Visit& visit) {
    auto bits = hash * 0x9E3779B97F4A7C15U;
    for (int mark = 0; mark < marks; ++mark, bits >>= 9U) {
        const auto place = bits % bits_per_block;
        if (!visit(place / 64, std::uint64_t{1} << (place % 64))) return false;
    }
    return true;
}

std::size_t block_of(std::uint64_t hash, std::size_t blocks) noexcept {
    return static_cast<std::size_t>(((hash >> 32U) * blocks) >> 32U);
}

std::uint64_t hash_of(std::string_view path) noexcept { return std::hash<std::string_view>{}(path); }

}  // namespace

std::size_t PathFilter::capacity_of(const Layer& layer) noexcept { return layer.blocks.size() * paths_per_block; }

void PathFilter::add(std::string_view path) {
    if (layers_.empty() || layers_.back().paths == capacity_of(layers_.back())) {
        const auto blocks = std::accumulate(layers_.begin(), layers_.end(), std::size_t{0},
                                            [](auto sum, const Layer& layer) { return sum + layer.blocks.size(); });
        layers_.push_back({.blocks = std::vector<Block>(std::max(blocks, first_blocks))});
    }
    auto& layer = layers_.back();
    const auto hash = hash_of(path);
    auto& block = layer.blocks[block_of(hash, layer.blocks.size())];
    for_marks(hash, [&](std::size_t word, std::uint64_t bit) {
        block.words[word] |= bit;
        return true;
    });
    ++layer.paths;
}

bool PathFilter::may_hold(std::string_view path) const noexcept {
    const auto hash = hash_of(path);
    return std::any_of(layers_.begin(), layers_.end(), [&](const Layer& layer) {
        const auto& block = layer.blocks[block_of(hash, layer.blocks.size())];
        return for_marks(hash, [&](std::size_t word, std::uint64_t bit) { return (block.words[word] & bit) != 0; });
    });
}

std::size_t PathFilter::added() const noexcept {
    std::size_t paths = 0;
    for (const auto& layer : layers_) paths += layer.paths;
    return paths;
}

std::size_t PathFilter::bytes() const noexcept {
    std::size_t bytes = 0;
    for (const auto& layer : layers_) bytes += layer.blocks.size() * sizeof(Block);
    return bytes;
}

}  // namespace foldback::index
