#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "app/connection.hpp"
#include "foldback/app/projection_definition.hpp"

namespace foldback::projection {

/// An EventFilter made ready to ask.
class Filter {
public:
    explicit Filter(const EventFilter& filter);

    /// What every path that matches begins with: what to ask the store for.
    [[nodiscard]] const std::string& common_prefix() const noexcept { return common_prefix_; }
    /// With one of which it begins; empty: with anything.
    [[nodiscard]] const std::vector<std::string>& prefixes() const noexcept { return prefixes_; }
    /// Whether events of a stream of this path may match.
    [[nodiscard]] bool includes(std::string_view stream) const;
    [[nodiscard]] bool matches(const FeedMessage& message) const;

private:
    std::vector<std::string> prefixes_;
    std::string common_prefix_;
    std::unordered_set<std::string, app::TextHash, std::equal_to<>> types_;
};

}  // namespace foldback::projection
