#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace foldback::cli {

/// Why the server ends.
struct StopReason {
    enum class Kind : unsigned char { signal, broken };
    Kind kind = Kind::signal;
    std::string what;  ///< "SIGTERM", or what broke
};

/// SIGTERM and SIGINT of a server. Created before any other thread, so that all inherit the blocked signals: the
/// first ends `wait_for`, the second ends the process with code 1. As long as `serving` was not called, the first
/// ends the process with code 0: what is being opened needs no goodbye. SIGHUP and SIGUSR1 do what `on` said.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// What SIGHUP or SIGUSR1 does, on the thread that waits for signals; without it they do nothing. Waits for
    /// what is being done: whoever takes an action away (an empty one) may then destroy what it uses.
    void on(int signal, std::function<void()> act);
    void serving();
    /// Ends `wait_for` for a reason of the program's own; from any thread.
    void stop(StopReason reason);
    /// Absent when `limit` has passed.
    [[nodiscard]] std::optional<StopReason> wait_for(std::chrono::milliseconds limit);

private:
    void watch();
    /// Whether the signal was one that ends nothing.
    [[nodiscard]] bool act_on(int signal);

    int signals_fd_;
    int end_fd_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool serving_ = false;
    std::optional<StopReason> reason_;
    std::mutex actions_mutex_;
    std::map<int, std::function<void()>> actions_;
    std::thread thread_;
};

}  // namespace foldback::cli
