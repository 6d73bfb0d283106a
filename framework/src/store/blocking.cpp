#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

#include "foldback/store/stream_store.hpp"
#include "store/suspender.hpp"

namespace foldback {
namespace {

thread_local Suspender* suspender_of_this_thread = nullptr;

/// Where a completion leaves its result for the thread that waits.
template <class Value>
class Outcome {
public:
    void set(Result<Value> result) {
        std::function<void()> resume;
        {
            const std::lock_guard lock(mutex_);
            result_.emplace(std::move(result));
            resume.swap(resume_);
        }
        // Not under the lock, which the woken thread would have to wait for.
        if (resume) {
            resume();
        } else {
            arrived_.notify_one();
        }
    }

    Result<Value> wait() {
        std::unique_lock lock(mutex_);
        if (auto* const suspender = Suspender::of_this_thread(); suspender != nullptr && !result_) {
            resume_ = suspender->resumption();
            lock.unlock();
            suspender->pause();
            lock.lock();
        }
        arrived_.wait(lock, [this] { return result_.has_value(); });
        if (result_->has_error()) {
            const auto& refused = result_->error();
            if (refused.reason == Refusal::outcome_unknown) throw OutcomeUnknown(refused.detail);
            if (refused.reason == Refusal::unavailable) throw StoreUnavailable(refused.detail);
            if (refused.reason == Refusal::broken || refused.reason == Refusal::stopped)
                throw StorageError(refused.detail);
        }
        return *std::move(result_);
    }

private:
    std::mutex mutex_;
    std::condition_variable arrived_;
    std::function<void()> resume_;
    std::optional<Result<Value>> result_;
};

template <class Value, class Start, class Progress>
Result<Value> wait_for(Start&& start, Progress&& make_progress) {
    // Shared, because the completing thread may still be inside `set` when the waiting one is already gone.
    const auto outcome = std::make_shared<Outcome<Value>>();
    start([outcome](Result<Value> result) { outcome->set(std::move(result)); });
    make_progress();
    return outcome->wait();
}

}  // namespace

Suspender* Suspender::of_this_thread() noexcept { return suspender_of_this_thread; }
void Suspender::set_for_this_thread(Suspender* suspender) noexcept { suspender_of_this_thread = suspender; }

Result<Created> StreamStore::create(CreateRequest request) {
    return wait_for<Created>([&](Completion<Created> done) { create(std::move(request), std::move(done)); },
                             [&] { make_progress(); });
}

Result<Appended> StreamStore::append(AppendRequest request) {
    return wait_for<Appended>([&](Completion<Appended> done) { append(std::move(request), std::move(done)); },
                              [&] { make_progress(); });
}

Result<std::vector<Appended>> StreamStore::append_all(std::vector<AppendRequest> requests) {
    using Outcomes = std::vector<Appended>;
    return wait_for<Outcomes>([&](Completion<Outcomes> done) { append_all(std::move(requests), std::move(done)); },
                              [&] { make_progress(); });
}

Result<std::monostate> StreamStore::remove(StreamPath stream) {
    return wait_for<std::monostate>(
        [&](Completion<std::monostate> done) { remove(std::move(stream), std::move(done)); }, [&] { make_progress(); });
}

Result<Offset> StreamStore::truncate_before(StreamPath stream, Offset offset) {
    return wait_for<Offset>(
        [&](Completion<Offset> done) { truncate_before(std::move(stream), offset, std::move(done)); },
        [&] { make_progress(); });
}

}  // namespace foldback
