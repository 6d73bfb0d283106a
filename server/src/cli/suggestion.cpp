#include "cli/suggestion.hpp"

#include <algorithm>
#include <vector>

namespace foldback::cli {

std::size_t edit_distance(std::string_view left, std::string_view right) {
    // Optimal string alignment over three rows: two before, one before, current.
    std::vector<std::size_t> before(right.size() + 1), row(right.size() + 1), next(right.size() + 1);
    for (std::size_t column = 0; column <= right.size(); ++column) row[column] = column;
    for (std::size_t line = 1; line <= left.size(); ++line) {
        next[0] = line;
        for (std::size_t column = 1; column <= right.size(); ++column) {
            const std::size_t replaced = row[column - 1] + (left[line - 1] == right[column - 1] ? 0 : 1);
            next[column] = std::min({row[column] + 1, next[column - 1] + 1, replaced});
            const bool swapped =
                line > 1 && column > 1 && left[line - 1] == right[column - 2] && left[line - 2] == right[column - 1];
            if (swapped) next[column] = std::min(next[column], before[column - 2] + 1);
        }
        before.swap(row);
        row.swap(next);
    }
    return row[right.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
    const std::string* best = nullptr;
    std::size_t best_distance = 0;
    for (const auto& candidate : candidates) {
        const bool continues = word.size() >= 3 && candidate.starts_with(word);
        const std::size_t distance = continues ? 1 : edit_distance(word, candidate);
        const std::size_t allowed = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) / 3);
        if (distance > allowed) continue;
        if (best == nullptr || distance < best_distance) {
            best = &candidate;
            best_distance = distance;
        }
    }
    return best == nullptr ? std::string{} : *best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
    const auto found = nearest(word, candidates);
    return found.empty() ? std::string{} : " Did you mean \"" + found + "\"?";
}

}  // namespace foldback::cli
