#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace foldback {

struct WorkflowTimerOptions {
    /// How often the workflow's clock is asked: a timeout fires at most this much late. At least 1 ms.
    std::chrono::milliseconds every{100};
};

/// A thread that fires the timeouts of a workflow when they are due on the workflow's clock:
///
///     workflow.add_to(runner);
///     runner.start();
///     const foldback::WorkflowTimer timer(workflow);
///
/// Any number of timers, of processes too, may fire the timeouts of one workflow: each fires once. Where nothing runs in the
/// background, call `Workflow::fire_due` instead. All members may be called from any thread, but `start` and `stop` from one
/// at a time.
class WorkflowTimer {
public:
    /// Starts. `workflow` (a Workflow<…>) was added to a runner and must outlive the timer. Throws std::invalid_argument
    /// for an interval below 1 ms, std::system_error when there is no thread to be had.
    template <class AnyWorkflow>
    requires requires(AnyWorkflow& workflow) { workflow.fire_due(); }
    explicit WorkflowTimer(AnyWorkflow& workflow, WorkflowTimerOptions options = {})
        : WorkflowTimer(std::function<std::size_t()>([&workflow] { return workflow.fire_due(); }), options) {}
    /// The same for several workflows at once, or whatever else is due at times: `fire_due` returns how many it fired.
    explicit WorkflowTimer(std::function<std::size_t()> fire_due, WorkflowTimerOptions options = {});
    /// Stops.
    ~WorkflowTimer();
    WorkflowTimer(const WorkflowTimer&) = delete;
    WorkflowTimer& operator=(const WorkflowTimer&) = delete;

    /// Goes on after `stop`; without effect while it runs.
    void start();
    /// Lets the timeout that is being handed out finish, with those due at the same time, and joins the thread. What is due
    /// meanwhile fires after the next start, also in another process.
    void stop();

    /// Timeouts that this timer has fired.
    [[nodiscard]] std::uint64_t fired() const;
    /// What went wrong the last time it looked (a store or a database that fails, a `decide` that throws); empty when nothing
    /// did. It looks again all the same.
    [[nodiscard]] std::string error() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldback
