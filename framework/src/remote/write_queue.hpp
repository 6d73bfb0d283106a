#pragma once

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "foldback/store/stream_store.hpp"
#include "remote/caller.hpp"

namespace foldback::remote {

/// The writes on their way, a bounded number of bytes. Each is completed once, whatever happens to it.
class WriteQueue {
public:
    WriteQueue(Caller& caller, std::size_t max_bytes) : caller_(caller), max_bytes_(max_bytes) {}

    /// Runs `work` on the client's thread. What it throws makes the outcome unknown.
    template <class Value>
    void start(std::size_t bytes, std::function<Task<Result<Value>>()> work, Completion<Value> done) {
        if (bytes_.fetch_add(bytes) > max_bytes_) {
            bytes_ -= bytes;
            done(Refused{.reason = Refusal::busy, .detail = "too many writes are on their way to the server"});
            return;
        }
        const auto shared = std::make_shared<Completion<Value>>(std::move(done));
        if (caller_.start([this, bytes, work = std::move(work), shared] { return run(bytes, work, shared); })) return;
        bytes_ -= bytes;
        (*shared)(Refused{.reason = Refusal::stopped, .detail = "the store is being closed"});
    }

private:
    template <class Value>
    Task<void> run(std::size_t bytes, std::function<Task<Result<Value>>()> work,
                   std::shared_ptr<Completion<Value>> done) {
        Result<Value> outcome = Refused{.reason = Refusal::outcome_unknown};
        try {
            outcome = co_await work();
        } catch (const std::exception& error) {
            outcome = Refused{.reason = Refusal::outcome_unknown,
                              .detail = std::string("the server's answer cannot be read: ") + error.what()};
        }
        bytes_ -= bytes;
        (*done)(std::move(outcome));
    }

    Caller& caller_;
    const std::size_t max_bytes_;
    std::atomic<std::size_t> bytes_{0};
};

}  // namespace foldback::remote
