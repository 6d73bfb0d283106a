#include "remote/remote_watch.hpp"

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

Task<void> wait_for_change(Caller& caller, Call call, std::shared_ptr<Waiting> waiting) {
    while (!waiting->token().stop_requested() && !caller.is_stopped()) {
        const auto answer = co_await caller.send(call);
        if (is_worth_a_look(answer)) {
            waiting->call();
            co_return;
        }
        if (!answer.response) co_await caller.sleep(pause_after_failure);
    }
}

}  // namespace

Watch start_watch(Caller& caller, Call call, std::function<void()> changed) {
    const auto waiting = std::make_shared<Waiting>(std::move(changed));
    call.waits = true;
    call.stop = waiting->token();
    caller.start([&caller, call = std::move(call), waiting] { return wait_for_change(caller, call, waiting); });
    return Watch([waiting] { waiting->end(); });
}

}  // namespace foldback::remote
