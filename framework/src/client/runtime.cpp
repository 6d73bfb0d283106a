#include "client/runtime.hpp"

#include <boost/asio/post.hpp>

#include <stdexcept>
#include <utility>

namespace foldback::client::detail {

Runtime::Shared::Shared(ClientOptions options_) : options(std::move(options_)), pool(context, options) {}

Runtime::Runtime(ClientOptions options)
    : shared_(std::make_shared<Shared>(std::move(options))), thread_([shared = shared_] { shared->context.run(); }) {}

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
