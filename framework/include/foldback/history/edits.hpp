#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "foldback/core/offset.hpp"

namespace foldback {

/// What would have been different: changes to a history, for what-ifs. Offsets are those of the history as it is; changes
/// do not shift them. Messages are JSON texts, as they would have been stored.
class Edits {
public:
    /// The event at `at` did not happen.
    Edits& skip(Offset at);
    /// Another event happened in the place of the one at `at`. Throws std::invalid_argument when `message` is no JSON.
    Edits& replace(Offset at, std::string message);
    /// Another event happened before the one at `before`; at the tail: after everything. Several come in the order in which
    /// they were given. Throws std::invalid_argument when `message` is no JSON.
    Edits& insert(Offset before, std::string message);

    [[nodiscard]] bool empty() const noexcept { return changes_.empty(); }
    /// The first place that differs.
    [[nodiscard]] std::optional<Offset> first() const;

    /// What happens at one place.
    struct Change {
        std::vector<std::string> inserted{};  ///< before the event
        bool removed = false;                 ///< the event itself; with `replacement`: replaced
        std::optional<std::string> replacement{};
    };
    [[nodiscard]] const std::map<Offset, Change>& changes() const noexcept { return changes_; }

private:
    std::map<Offset, Change> changes_;
};

}  // namespace foldback
