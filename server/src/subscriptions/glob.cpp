#include "subscriptions/glob.hpp"

#include <optional>

namespace foldback::server::subscriptions {

std::string_view take_segment(std::string_view& path) {
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size() == path.size() ? path.size() : segment.size() + 1);
    return segment;
}

bool glob_matches(std::string_view pattern, std::string_view path) {
    struct Retry {
        std::string_view pattern;  ///< after the last `**`
        std::string_view path;     ///< where that began to match
    };
    std::optional<Retry> retry;
    while (!path.empty() || !pattern.empty()) {
        auto pattern_rest = pattern;
        const auto wanted = take_segment(pattern_rest);
        if (wanted == "**") {
            // Only the last `**` is ever retried: an earlier one taking more could not match more.
            retry = Retry{pattern_rest, path};
            pattern = pattern_rest;
            continue;
        }
        auto path_rest = path;
        const auto segment = take_segment(path_rest);
        if (!pattern.empty() && !path.empty() && (wanted == "*" || wanted == segment)) {
            pattern = pattern_rest;
            path = path_rest;
            continue;
        }
        if (!retry || retry->path.empty()) return false;
        (void)take_segment(retry->path);
        pattern = retry->pattern;
        path = retry->path;
    }
    return true;
}

std::string_view literal_prefix(std::string_view pattern) {
    auto rest = pattern;
    while (!rest.empty()) {
        const auto at = pattern.size() - rest.size();
        const auto segment = take_segment(rest);
        if (segment != "*" && segment != "**") continue;
        // `a/**` matches `a` too.
        return pattern.substr(0, segment == "**" && at > 0 ? at - 1 : at);
    }
    return pattern;
}

}  // namespace foldback::server::subscriptions
