#include "retention/path_glob.hpp"

#include <algorithm>
#include <stdexcept>

#include "foldback/store/types.hpp"

namespace foldback::server {
namespace {

template <class Word>
std::vector<Word> split(std::string_view path) {
    std::vector<Word> segments;
    for (;;) {
        const auto slash = path.find('/');
        segments.emplace_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

/// Whether items fit a pattern in which some stand for any number of items. In time proportional to the product of both
/// sizes: it never goes back further than to the last of those.
template <class Pattern, class Items, class IsAny, class Fits>
bool fits(const Pattern& pattern, const Items& items, IsAny is_any, Fits fits_one) {
    std::size_t at = 0;
    std::size_t item = 0;
    std::size_t last_any = pattern.size();
    std::size_t any_ends = 0;
    while (item < items.size()) {
        if (at < pattern.size() && is_any(pattern[at])) {
            last_any = at++;
            any_ends = item;
        } else if (at < pattern.size() && fits_one(pattern[at], items[item])) {
            ++at;
            ++item;
        } else if (last_any < pattern.size()) {
            at = last_any + 1;
            item = ++any_ends;
        } else {
            return false;
        }
    }
    while (at < pattern.size() && is_any(pattern[at])) ++at;
    return at == pattern.size();
}

bool segment_fits(std::string_view pattern, std::string_view segment) {
    return fits(
        pattern, segment, [](char letter) { return letter == '*'; },
        [](char letter, char other) { return letter == other; });
}

}  // namespace

PathGlob::PathGlob(std::string_view text) : text_(text), segments_(split<std::string>(text)) {
    if (text.size() > max_bytes) throw std::invalid_argument("the pattern is longer than 1024 bytes");
    if (const auto problem = StreamPath::problem_with(text); !problem.empty()) throw std::invalid_argument(problem);
    const bool mixed = std::any_of(segments_.begin(), segments_.end(), [](const std::string& segment) {
        return segment != "**" && segment.find("**") != std::string::npos;
    });
    if (mixed) throw std::invalid_argument("** stands for whole segments: a/**/b");
}

bool PathGlob::matches(std::string_view path) const {
    return fits(
        segments_, split<std::string_view>(path), [](const std::string& segment) { return segment == "**"; },
        segment_fits);
}

}  // namespace foldback::server
