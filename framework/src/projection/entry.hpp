#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "projection/fold_task.hpp"
#include "projection/lane.hpp"
#include "projection/pace.hpp"
#include "projection/rebuild.hpp"

namespace foldback::projection {

/// One projection of a runner: its live tables, a rebuild at times, and a lane for each. Any thread may call.
class Entry {
public:
    Entry(StreamStore& store, const ProjectionRunnerOptions& options, ProjectionDefinition definition,
          std::shared_ptr<Database> database, std::function<void()> moved);
    ~Entry();

    [[nodiscard]] const std::string& name() const noexcept { return definition_.name; }
    [[nodiscard]] ProjectionStatus status() const;
    [[nodiscard]] Position checkpoint() const noexcept { return live_.checkpoint(); }
    [[nodiscard]] ProjectionState state() const { return live_.status().state; }
    [[nodiscard]] bool running() const noexcept { return lane_.running(); }

    void start();
    void stop();
    /// Somebody waits for the live side: as long as this exists it does not rest between batches.
    class Hurry {
    public:
        explicit Hurry(Entry& entry) : entry_(entry) {
            ++entry_.hurried_by_;
            entry_.lane_.wake();
        }
        Hurry(const Hurry&) = delete;
        Hurry& operator=(const Hurry&) = delete;
        ~Hurry() { --entry_.hurried_by_; }

    private:
        Entry& entry_;
    };
    /// One batch of either; true when there is more to do now.
    bool step();

    /// Does something to the live side between two batches, and lets it go on.
    template <class Work>
    auto between_batches(Work&& work) {
        struct Wake {
            Entry& entry;
            ~Wake() {
                entry.lane_.wake();
                entry.moved_();
            }
        } const wake{*this};
        const auto turn = lane_.hold();
        return work(live_);
    }
    [[nodiscard]] std::vector<ParkedEvent> parked(std::size_t limit) const { return live_.parked(limit); }

    void start_rebuild(RebuildOptions options);
    [[nodiscard]] std::optional<RebuildProgress> rebuild_progress();
    [[nodiscard]] RebuildDiff diff_rebuild(std::size_t max_rows);
    void swap_rebuild();
    void discard_rebuild();

private:
    [[nodiscard]] Position first_position() const;
    void apply_change();
    Lane::Next step_live();
    Lane::Next step_rebuild();
    Lane::Next after_step(FoldTask& task, bool moved) const;
    [[nodiscard]] Rebuild& rebuild_or_throw() const;
    void bring_level(bool also_live);
    void swap_now();
    void finish_swap_if_due();
    void swap_failed(const std::string& error);
    void forget_failed_swaps();
    [[nodiscard]] std::string swap_error() const;

    StreamStore& store_;
    const ProjectionRunnerOptions& options_;
    const ProjectionDefinition definition_;
    std::function<void()> moved_;
    FoldTask live_;
    std::filesystem::path rebuild_file_;
    std::unique_ptr<Rebuild> rebuild_;  ///< guarded by the rebuild lane's turn
    bool swap_when_caught_up_ = false;  ///< likewise
    std::atomic<bool> swap_due_{false};
    unsigned failed_swaps_ = 0;                               ///< guarded by the rebuild lane's turn
    std::optional<std::chrono::milliseconds> swap_retry_at_;  ///< likewise
    mutable std::mutex swap_error_mutex_;
    std::string swap_error_;  ///< of the last automatic swap; guarded by its mutex
    Pace pace_;               ///< guarded by the lane's turn
    std::atomic<int> hurried_by_{0};
    Lane lane_;
    Lane rebuild_lane_;
};

}  // namespace foldback::projection
