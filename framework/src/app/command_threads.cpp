#include "foldback/app/command_threads.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "app/fiber.hpp"
#include "store/suspender.hpp"

namespace foldback {
namespace {

constexpr std::size_t smallest_stack = 64 << 10;

/// What all threads share.
struct Shared {
    explicit Shared(const CommandThreadsOptions& with) : options(with) {}

    const CommandThreadsOptions options;
    std::mutex mutex;
    std::deque<std::function<void()>> posted;  ///< and not begun
    bool stopping = false;
};

/// One thread, and what it has begun.
class CommandThread final : public Suspender {
public:
    explicit CommandThread(Shared& shared) : shared_(shared) {
        thread_ = std::thread([this] { run(); });
    }
    ~CommandThread() { thread_.join(); }
    CommandThread(const CommandThread&) = delete;
    CommandThread& operator=(const CommandThread&) = delete;

    [[nodiscard]] std::function<void()> resumption() override {
        return [this, fiber = running_] {
            const std::lock_guard lock(shared_.mutex);
            ready_.push_back(fiber);
            wake();
        };
    }
    void pause() override {
        auto* const paused = running_;
        paused->pause();
        running_ = paused;
    }

    // With the lock:

    /// Whether it slept, and is to be notified: once, however often this is called before it runs.
    [[nodiscard]] bool stop_sleeping() noexcept { return std::exchange(sleeps_, false); }
    void wake() {
        if (stop_sleeping()) notify();
    }
    [[nodiscard]] bool may_begin() const noexcept { return begun_ < shared_.options.max_begun; }

    /// Without the lock, by who is sure to be outlived by the thread.
    void notify() { called_.notify_one(); }

private:
    void run() {
        Suspender::set_for_this_thread(this);
        std::vector<app::Fiber*> resumed;
        std::unique_lock lock(shared_.mutex);
        while (wait_for_work(lock)) {
            std::function<void()> work;
            resumed.swap(ready_);
            if (resumed.empty()) {
                work = std::move(shared_.posted.front());
                shared_.posted.pop_front();
                ++begun_;
            }
            lock.unlock();
            std::size_t ended = work && begin(std::move(work)) ? 1 : 0;
            for (auto* const fiber : resumed) ended += resume(*fiber) ? 1 : 0;
            resumed.clear();
            lock.lock();
            begun_ -= ended;
        }
    }

    /// False when there will be no more.
    bool wait_for_work(std::unique_lock<std::mutex>& lock) {
        while (ready_.empty() && (shared_.posted.empty() || !may_begin())) {
            if (shared_.stopping && begun_ == 0) return false;
            sleeps_ = true;
            called_.wait(lock, [this] { return !sleeps_; });
        }
        return true;
    }

    // Whether it ended:

    bool begin(std::function<void()> work) {
        auto* const fiber = idle_fiber();
        if (fiber == nullptr) {
            // There is no memory for another stack: it waits on this one.
            Suspender::set_for_this_thread(nullptr);
            work();
            Suspender::set_for_this_thread(this);
            return true;
        }
        running_ = fiber;
        fiber->begin(std::move(work));
        return is_done(*fiber);
    }
    bool resume(app::Fiber& fiber) {
        fiber.resume();
        return is_done(fiber);
    }
    bool is_done(app::Fiber& fiber) {
        if (!fiber.is_done()) return false;
        idle_.push_back(&fiber);
        return true;
    }

    app::Fiber* idle_fiber() {
        if (!idle_.empty()) {
            auto* const fiber = idle_.back();
            idle_.pop_back();
            return fiber;
        }
        try {
            idle_.reserve(fibers_.size() + 1);
            return fibers_.emplace_back(std::make_unique<app::Fiber>(shared_.options.stack_bytes)).get();
        } catch (const std::bad_alloc&) {
            return nullptr;
        }
    }

    Shared& shared_;
    // With the lock.
    std::condition_variable called_;
    bool sleeps_ = false;
    std::size_t begun_ = 0;
    std::vector<app::Fiber*> ready_;  ///< what they waited for is there
    // The thread's own.
    std::vector<std::unique_ptr<app::Fiber>> fibers_;
    std::vector<app::Fiber*> idle_;
    app::Fiber* running_ = nullptr;
    std::thread thread_;
};

}  // namespace

struct CommandThreads::Impl {
    explicit Impl(const CommandThreadsOptions& options) : shared(options) {
        try {
            for (std::size_t i = 0; i < options.threads; ++i) {
                threads.push_back(std::make_unique<CommandThread>(shared));
            }
        } catch (...) {
            stop();
            throw;
        }
    }
    ~Impl() { stop(); }

    void stop() {
        const std::lock_guard lock(shared.mutex);
        shared.stopping = true;
        for (const auto& thread : threads) thread->wake();
    }

    Shared shared;
    std::vector<std::unique_ptr<CommandThread>> threads;  ///< each joins when it goes
};

CommandThreads::CommandThreads(CommandThreadsOptions options) {
    if (options.threads == 0 || options.max_begun == 0 || options.max_queued == 0) {
        throw std::invalid_argument("command threads: at least one thread, one that is begun and one that waits");
    }
    if (options.stack_bytes < smallest_stack) {
        throw std::invalid_argument("command threads: a stack has at least " + std::to_string(smallest_stack) +
                                    " bytes");
    }
    impl_ = std::make_unique<Impl>(options);
}

CommandThreads::~CommandThreads() = default;

bool CommandThreads::post(std::function<void()> work) {
    auto& shared = impl_->shared;
    CommandThread* called = nullptr;
    {
        const std::lock_guard lock(shared.mutex);
        if (shared.posted.size() >= shared.options.max_queued) return false;
        shared.posted.push_back(std::move(work));
        for (const auto& thread : impl_->threads) {
            if (!thread->may_begin() || !thread->stop_sleeping()) continue;
            called = thread.get();
            break;
        }
    }
    // Not under the lock, which the woken thread would have to wait for.
    if (called != nullptr) called->notify();
    return true;
}

}  // namespace foldback
