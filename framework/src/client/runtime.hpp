#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/thread_pool.hpp>

#include <future>

#include "client/net.hpp"
#include "client/pool.hpp"
#include "foldback/client/options.hpp"

namespace foldback::client::detail {

/// What all handles of one client share: its options, the thread on which everything of it happens, and the connections.
class Runtime {
public:
    explicit Runtime(ClientOptions options);
    ~Runtime();
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;

    [[nodiscard]] const ClientOptions& options() const noexcept { return shared_->options; }
    [[nodiscard]] asio::io_context& context() noexcept { return shared_->context; }
    [[nodiscard]] Pool& pool() noexcept { return shared_->pool; }

    /// Whether the caller is on the client's thread, where nothing may wait.
    [[nodiscard]] bool is_own_thread() const noexcept { return thread_.get_id() == std::this_thread::get_id(); }

    /// Runs `work` on the client's thread and waits for its value. Throws what it throws, and std::logic_error when the caller
    /// is that thread.
    template <class Value>
    Value wait_for(Task<Value> work) {
        refuse_own_thread();
        std::promise<Value> promise;
        asio::co_spawn(context(), std::move(work), [&promise](const std::exception_ptr& error, auto... value) {
            if (error) {
                promise.set_exception(error);
            } else {
                promise.set_value(std::move(value)...);
            }
        });
        return promise.get_future().get();
    }

    /// Runs `work`, which may block, on the other thread. Throws what it throws.
    Task<void> work_aside(std::function<void()> work);

private:
    void refuse_own_thread() const;

    /// What the thread uses; it outlives the runtime when that ends on the thread itself.
    struct Shared {
        explicit Shared(ClientOptions options_);
        ClientOptions options;
        asio::io_context context{1};
        Pool pool;
        asio::executor_work_guard<Executor> work{context.get_executor()};
    };
    std::shared_ptr<Shared> shared_;
    asio::thread_pool aside_{1};
    std::thread thread_;
};

}  // namespace foldback::client::detail
