#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foldback::server {

/// A pattern of stream paths, by segment: `**` stands for any number of segments, also none; `*` for any one segment,
/// and within a segment for any bytes; everything else for itself. `orders/**` matches `orders` and all below it.
class PathGlob {
public:
    /// Throws std::invalid_argument, saying why: what no path can match, and `**` within a segment.
    explicit PathGlob(std::string_view text);

    [[nodiscard]] bool matches(std::string_view path) const noexcept;

    /// What every path that matches begins with.
    [[nodiscard]] std::string literal_prefix() const;

    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    std::vector<std::string> segments_;
};

}  // namespace foldback::server
