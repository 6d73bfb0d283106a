#include "client/runtime.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>
#include <vector>

namespace foldback::client::detail {
namespace {

/// What clients' threads let go of when they end. They may be nobody's by then, and the process at its end, when libraries clean up
/// that it needs.
class LastOfThreads {
public:
    /// Lets it go; when the process is at its end, never.
    void release(std::shared_ptr<void> last) {
        {
            const std::scoped_lock lock(mutex_);
            if (process_ends_) return kept_.push_back(std::move(last));
            ++releasing_;
        }
        last.reset();
        const std::scoped_lock lock(mutex_);
        if (--releasing_ == 0) released_.notify_all();
    }
    /// Waits for what is being let go, but not for ever: of a process that was forked the threads do not go on.
    void end_process() {
        constexpr std::chrono::seconds most_wait{1};
        std::unique_lock lock(mutex_);
        process_ends_ = true;
        released_.wait_for(lock, most_wait, [this] { return releasing_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable released_;
    int releasing_ = 0;
    bool process_ends_ = false;
    std::vector<std::shared_ptr<void>> kept_;
};

LastOfThreads& last_of_threads() {
    static auto* const one = new LastOfThreads;  // for ever
    return *one;
}

/// To be made after what libraries make for their own end, and so to go before.
struct AtProcessEnd {
    ~AtProcessEnd() { last_of_threads().end_process(); }
};

}  // namespace

Runtime::Shared::Shared(ClientOptions options_) : options(std::move(options_)), pool(context, options) {}

Runtime::Runtime(ClientOptions options) : shared_(std::make_shared<Shared>(std::move(options))) {
    static const AtProcessEnd at_process_end;
    thread_ = std::thread([shared = shared_]() mutable {
        shared->context.run();
        last_of_threads().release(std::move(shared));
    });
}

Runtime::~Runtime() {
    shared_->work.reset();
    shared_->context.stop();
    aside_.stop();
    // The last handle may go in a completion function, which runs on the thread itself.
    if (is_own_thread()) {
        thread_.detach();
    } else {
        thread_.join();
    }
    aside_.join();
}

void Runtime::refuse_own_thread() const {
    if (is_own_thread())
        throw std::logic_error("a function of the client that waits was called on the client's own thread");
}

Task<void> Runtime::work_aside(std::function<void()> work) {
    std::exception_ptr failure;
    const auto start = [this, &work, &failure](auto done) {
        auto shared = std::make_shared<decltype(done)>(std::move(done));
        asio::post(aside_, [this, &work, &failure, shared] {
            try {
                work();
            } catch (...) {
                failure = std::current_exception();
            }
            asio::post(context(), [shared] { std::move (*shared)(); });
        });
    };
    co_await asio::async_initiate<const UseAwaitable, void()>(start, use_awaitable);
    if (failure) std::rethrow_exception(failure);
}

}  // namespace foldback::client::detail
