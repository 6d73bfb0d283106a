#include "protocol/path_glob.hpp"

#include <algorithm>
#include <stdexcept>

#include "foldback/store/types.hpp"

namespace foldback::server {

namespace {

constexpr std::string_view any_segments = "**";
constexpr auto none = std::string_view::npos;

/// On a mismatch the last star takes one byte more; earlier stars need no second thought.
bool segment_matches(std::string_view pattern, std::string_view text) noexcept {
    std::size_t at = 0;
    std::size_t star = none;
    std::size_t star_at = 0;
    std::size_t i = 0;
    while (at < text.size()) {
        if (i < pattern.size() && pattern[i] == '*') {
            star = i++;
            star_at = at;
        } else if (i < pattern.size() && pattern[i] == text[at]) {
            ++i;
            ++at;
        } else if (star != none) {
            i = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', i) == none;
}

}  // namespace

PathGlob::PathGlob(std::string_view text) : text_(text) {
    if (const auto problem = StreamPath::problem_with(text); !problem.empty()) throw std::invalid_argument(problem);
    for (std::size_t begin = 0; begin <= text.size();) {
        const auto end = std::min(text.find('/', begin), text.size());
        const auto segment = text.substr(begin, end - begin);
        if (segment != any_segments && segment.find(any_segments) != none) {
            throw std::invalid_argument("\"**\" must be a whole segment");
        }
        segments_.emplace_back(segment);
        begin = end + 1;
    }
}

/// The same for segments: the last `**` takes one segment more.
bool PathGlob::matches(std::string_view path) const noexcept {
    std::size_t i = 0;
    std::size_t begin = 0;  // beyond the end: no segment is left
    std::size_t star = none;
    std::size_t star_begin = 0;
    while (begin <= path.size()) {
        const auto end = std::min(path.find('/', begin), path.size());
        if (i < segments_.size() && segments_[i] == any_segments) {
            star = i++;
            star_begin = begin;
        } else if (i < segments_.size() && segment_matches(segments_[i], path.substr(begin, end - begin))) {
            ++i;
            begin = end + 1;
        } else if (star != none) {
            i = star + 1;
            begin = star_begin = std::min(path.find('/', star_begin), path.size()) + 1;
        } else {
            return false;
        }
    }
    const auto is_any = [](const std::string& segment) { return segment == any_segments; };
    return std::all_of(segments_.begin() + static_cast<std::ptrdiff_t>(i), segments_.end(), is_any);
}

std::string PathGlob::literal_prefix() const {
    const auto star = text_.find('*');
    if (star == none) return text_;
    // `a/**` matches `a` too.
    const bool is_after_slash = text_.compare(star, any_segments.size(), any_segments) == 0 && star > 0;
    return text_.substr(0, is_after_slash ? star - 1 : star);
}

}  // namespace foldback::server
