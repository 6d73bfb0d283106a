#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/core/aggregate.hpp"

namespace foldback {

/// What became of a message that a Fold was given.
enum class Folded : std::uint8_t {
    yes,      ///< it is in the state
    refused,  ///< it cannot be read: the state is as if the message were not there
    torn,     ///< it was folded in part before it failed: the Fold is of no use any more
};

/// A state that grows message by message: what a timeline steps through. AggregateFold is one for an aggregate; the lenses
/// are others; your own works as well. A Fold reads no clock and does no I/O: the same messages give the same state.
///
/// One thread at a time uses a Fold; different objects are independent, also a clone and its original.
class Fold {
public:
    Fold() = default;
    Fold& operator=(const Fold&) = delete;
    virtual ~Fold() = default;

    [[nodiscard]] virtual std::unique_ptr<Fold> clone() const = 0;

    /// Folds the next message of the stream. When that fails `problem` says why, in one sentence. Throws nothing else than
    /// std::bad_alloc.
    [[nodiscard]] virtual Folded apply(std::string_view message, std::string& problem) = 0;

    /// The next message is left out: nothing changes but the count of messages, where a fold keeps one.
    virtual void pass_over() {}

    /// Appends the state as JSON text. Throws std::invalid_argument for a state that has no JSON.
    virtual void write_state(std::string& out) const = 0;

    /// Roughly how much memory the state takes.
    [[nodiscard]] virtual std::size_t bytes() const = 0;

    /// What the message is for this fold, after upcasting: JSON texts {"type":…,"version":…,"data":…}, one for each event of
    /// today. Called before the message is applied. Empty when it means nothing, or cannot be read: then `problem` says why.
    [[nodiscard]] virtual std::vector<std::string> current_events(std::string_view message,
                                                                  std::string& problem) const {
        (void)message, (void)problem;
        return {};
    }

protected:
    Fold(const Fold&) = default;
};

/// Says yes or no to the state of a fold.
using FoldPredicate = std::function<bool(const Fold&)>;

}  // namespace foldback
