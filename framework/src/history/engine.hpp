#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "foldback/history/any_timeline.hpp"
#include "history/checkpoints.hpp"
#include "history/message_source.hpp"

namespace foldback {

/// Moves one fold over a history: back by way of checkpoints, forward message by message.
class AnyTimeline::Engine {
public:
    Engine(std::shared_ptr<history::MessageSource> source, Lens lens, TimelineOptions options,
           std::shared_ptr<const Fold> base, Offset first);
    /// The engine of a what-if: the same lens, and what lies before `shared`.
    Engine(const Engine& original, std::shared_ptr<history::MessageSource> source, Offset shared);

    [[nodiscard]] const Lens& lens() const noexcept { return lens_; }
    [[nodiscard]] history::MessageSource& source() noexcept { return *source_; }
    [[nodiscard]] const std::shared_ptr<history::MessageSource>& shared_source() const noexcept { return source_; }
    [[nodiscard]] Offset first() const noexcept { return first_; }
    [[nodiscard]] Offset tail() const { return source_->tail(); }
    [[nodiscard]] const history::Checkpoints& checkpoints() const noexcept { return checkpoints_; }

    /// Throws std::out_of_range.
    void check_moment(Offset moment) const;
    void check_event(Offset event) const;

    /// The fold at a moment. Valid until the next call.
    const Fold& seek(Offset moment);
    /// The fold where the last seek or step led.
    [[nodiscard]] const Fold& fold() const noexcept { return *fold_; }
    [[nodiscard]] Offset at() const noexcept { return at_; }
    /// Steps will lead there: messages are read in large pieces from now on, until the next seek.
    void read_ahead_to(Offset moment) { ahead_ = moment.value - std::min(at_.value, moment.value); }
    /// Folds the next message, which is there; whether that went well.
    bool step();

    /// The message at an offset; `wanted` is how many will be asked for in a row. Valid until the next call.
    const Message& message(Offset offset, std::size_t wanted = 64);
    [[nodiscard]] const std::string* problem_at(Offset event) const;
    [[nodiscard]] const std::map<Offset, std::string>& problems() const noexcept { return problems_; }

    [[nodiscard]] std::string state() const {
        std::string text;
        fold_->write_state(text);
        return text;
    }

    /// The end of a scan, checked.
    [[nodiscard]] Offset end_of(const Scan& scan) const;

    /// Where the timeline stands. The fold may be elsewhere.
    Offset stand;

private:
    /// Starts again at the last checkpoint (or later place) at or before a moment.
    void restart_before(Offset moment);
    void rebuild_after_torn();

    std::shared_ptr<history::MessageSource> source_;
    Lens lens_;
    TimelineOptions options_;
    Offset first_;
    history::Checkpoints checkpoints_;
    /// The place behind the last message that tore the fold, so that a row of such messages costs no more than itself.
    std::optional<history::Checkpoints::Entry> after_torn_;
    std::map<Offset, std::string> problems_;
    std::unique_ptr<Fold> fold_;
    Offset at_;
    std::uint64_t ahead_ = 1;
    history::MessagePage page_;
};

namespace history {

/// How many events lie between two calls of a progress function.
inline constexpr std::uint64_t progress_every = 4096;

/// Whether to go on: asks the progress function now and then.
[[nodiscard]] inline bool goes_on(const ScanProgress& progress, Offset from, Offset at, Offset to) {
    if (!progress || (at.value - from.value) % progress_every != 0) return true;
    return progress(at.value - from.value, to.value - from.value);
}

}  // namespace history

}  // namespace foldback
