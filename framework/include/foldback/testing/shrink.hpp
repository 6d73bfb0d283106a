#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace foldback::testing {

/// The smallest history that still fails, as far as deleting elements leads: from it no single one can be deleted.
/// `fails(history)` must be true for the history given. Asks at most `max_attempts` times.
template <class Element, class Fails>
[[nodiscard]] std::vector<Element> shrink(std::vector<Element> history, const Fails& fails,
                                          std::size_t max_attempts = 5000) {
    std::size_t chunk = (history.size() + 1) / 2;
    while (chunk > 0 && max_attempts > 0) {
        bool deleted = false;
        for (std::size_t at = 0; at < history.size() && max_attempts > 0; --max_attempts) {
            const auto end = std::min(at + chunk, history.size());
            std::vector<Element> shorter(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(at));
            shorter.insert(shorter.end(), history.begin() + static_cast<std::ptrdiff_t>(end), history.end());
            if (fails(shorter)) {
                history = std::move(shorter);
                deleted = true;
            } else {
                at = end;
            }
        }
        // Single elements are tried until none can go; a deletion may have made others needless.
        if (chunk > 1) {
            chunk /= 2;
        } else if (!deleted) {
            break;
        }
    }
    return history;
}

}  // namespace foldback::testing
