#pragma once

#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

namespace foldback::projection {

/// Calls `part(0)` … `part(parts - 1)`, each on a thread of its own (the first on the caller's), and waits for all.
/// `part` must not throw.
inline void in_parallel(std::size_t parts, const std::function<void(std::size_t)>& part) {
    std::vector<std::jthread> threads;
    for (std::size_t index = 1; index < parts; ++index) threads.emplace_back([&part, index] { part(index); });
    if (parts > 0) part(0);
}

}  // namespace foldback::projection
