#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace foldback::index {

/// A set of paths that forgets which ones they are: it says for certain that a path was never added, or that it may have
/// been. A Bloom filter in layers; a new one, as large as all before it, begins when the last is full, so nothing is ever
/// counted again. Takes one to two bytes for each path beyond the first 65,536, and errs for one path in some thirty per
/// layer. Not synchronised.
class PathFilter {
public:
    void add(std::string_view path);

    /// False: it was not added. True: perhaps it was.
    [[nodiscard]] bool may_hold(std::string_view path) const noexcept;

    /// How many were added; one that was added twice counts twice.
    [[nodiscard]] std::size_t added() const noexcept;
    [[nodiscard]] std::size_t bytes() const noexcept;

private:
    /// Bits of one path lie in one block, so that asking costs one cache line.
    struct alignas(64) Block {
        std::uint64_t words[8] = {};
    };
    struct Layer {
        std::vector<Block> blocks;
        std::size_t paths = 0;
    };
    [[nodiscard]] static std::size_t capacity_of(const Layer& layer) noexcept;

    std::vector<Layer> layers_;
};

}  // namespace foldback::index
