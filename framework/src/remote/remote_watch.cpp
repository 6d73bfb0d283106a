#include "remote/remote_watch.hpp"

#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace foldback::remote {
namespace {

constexpr std::chrono::milliseconds pause_after_failure{200};

/// What a watch and its owner share.
class Waiting {
public:
    explicit Waiting(std::function<void()> changed) : changed_(std::move(changed)) {}

    void end() {
        {
            const std::lock_guard lock(mutex_);
            changed_ = nullptr;
        }
        stop_.request_stop();
    }
    /// Once; not after `end`.
    void call() {
        std::function<void()> changed;
        {
            const std::lock_guard lock(mutex_);
            changed = std::exchange(changed_, nullptr);
        }
        if (changed) changed();
    }
    [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }

private:
    std::mutex mutex_;
    std::function<void()> changed_;
    std::stop_source stop_;
};

bool is_worth_a_look(const Answer& answer) {
    if (answer.response) return answer.response->body.find("true") != std::string::npos;
    // The stream is not there to be watched, or this client may not: reading tells.
    return answer.response.error().status / 100 == 4 && answer.response.error().status != 429;
}

Task<void> wait_for_change(Caller& caller, Call call, std::stop_token stop) {
    call.waits = true;
    call.stop = stop;
    while (!stop.stop_requested() && !caller.is_stopped()) {
        const auto answer = co_await caller.send(call);
        if (is_worth_a_look(answer)) co_return;
        if (!answer.response) co_await caller.sleep(pause_after_failure);
    }
}

Task<void> wait_and_call(Caller& caller, std::function<Task<void>(std::stop_token)> wait,
                         std::shared_ptr<Waiting> waiting) {
    const auto stop = waiting->token();
    try {
        co_await wait(stop);
    } catch (const std::exception&) {
        // Something is wrong with the stream: reading it tells what.
    }
    if (!caller.is_stopped()) waiting->call();
}

}  // namespace

Watch start_watch(Caller& caller, std::function<Task<void>(std::stop_token)> wait, std::function<void()> changed) {
    const auto waiting = std::make_shared<Waiting>(std::move(changed));
    caller.start([&caller, wait = std::move(wait), waiting] { return wait_and_call(caller, wait, waiting); });
    return Watch([waiting] { waiting->end(); });
}

Watch start_watch(Caller& caller, Call call, std::function<void()> changed) {
    return start_watch(
        caller,
        [&caller, call = std::move(call)](std::stop_token stop) {
            return wait_for_change(caller, call, std::move(stop));
        },
        std::move(changed));
}

}  // namespace foldback::remote
