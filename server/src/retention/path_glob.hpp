#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace foldback::server {

/// A pattern over stream paths, with the rules of subscriptions (PROTOCOL §6.2): `*` stands for one segment, `**` for
/// any number of segments, none included. Within a segment `*` also stands for any characters: `orders/eu-*`.
class PathGlob {
public:
    static constexpr std::size_t max_bytes = 1024;

    /// Throws std::invalid_argument with the reason when no stream's path could be meant.
    explicit PathGlob(std::string_view text);

    [[nodiscard]] bool matches(std::string_view path) const;
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    std::string text_;
    std::vector<std::string> segments_;
};

}  // namespace foldback::server
