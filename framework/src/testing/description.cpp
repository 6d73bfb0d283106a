#include "foldback/testing/description.hpp"

namespace foldback::testing::detail {

bool has_hole(MemberPlace* places, std::size_t count, std::size_t size, std::size_t alignment) {
    std::sort(places, places + count, [](const auto& a, const auto& b) { return a.begin < b.begin; });
    std::size_t covered = 0;
    for (std::size_t i = 0; i < count; ++i) {
        // The compiler pads by less than the alignment of what follows.
        if (places[i].begin >= covered + places[i].alignment) return true;
        covered = std::max(covered, places[i].end);
    }
    return size >= covered + alignment;
}

}  // namespace foldback::testing::detail
