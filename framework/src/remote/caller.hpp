#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/http.hpp"
#include "client/net.hpp"
#include "client/operation.hpp"
#include "client/runtime.hpp"
#include "client/url.hpp"
#include "foldback/client/error.hpp"
#include "foldback/remote/http_store.hpp"

/// The socket side of the remote stores.
namespace foldback::remote {

using client::detail::Method;
using client::detail::Response;
using client::detail::Task;

/// One request, whose path follows the server's URL.
struct Call {
    Method method = Method::get;
    std::string path{};  ///< begins with a slash, percent-encoded
    std::string query{};
    client::detail::Headers headers{};
    std::string body{};
    bool is_repeatable = true;  ///< twice is as good as once: a lost answer is no reason to stop
    bool waits = false;         ///< a watch: it takes as long as it takes, and does not count among the connections
    std::stop_token stop{};     ///< ends it before; everything that stops ends it too
};

struct Answer {
    client::Result<Response> response;
    bool lost_one = false;  ///< an earlier answer to the same request was lost: it may have been carried out then
};

/// Sends requests to one server until they are answered or the patience is over: again after failures of the network, after
/// 500 and 503, and when asked to wait. Ends with `stop`.
class Caller {
public:
    /// Throws std::invalid_argument for what is no URL.
    Caller(std::string_view url, const HttpStoreOptions& options);
    ~Caller();
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    /// On the client's thread. `call` must live until then. See `wait_for` for other threads.
    Task<Answer> send(const Call& call);
    /// Waits, or less if everything stops.
    Task<void> sleep(std::chrono::milliseconds time);

    /// The same for the thread that waits for it. Throws std::logic_error on the client's thread.
    [[nodiscard]] Answer wait_for(const Call& call);

    /// Runs `work` on the client's thread and waits for its value; throws what it throws, and std::logic_error on that thread.
    template <class Value>
    Value wait(Task<Value> work) {
        return runtime_->wait_for<Value>(std::move(work));
    }

    /// Runs `work` on the client's thread. After `stop` does nothing and returns false.
    bool start(std::function<Task<void>()> work);
    /// Ends everything that was started, and waits for it. Later requests are `cancelled`.
    void stop();
    [[nodiscard]] bool is_stopped() const noexcept { return stop_.stop_requested(); }

    [[nodiscard]] std::string url_of(std::string_view path) const;

private:
    class Turn;

    Task<Answer> try_to_send(const Call& call, const std::shared_ptr<client::detail::Operation>& operation);

    const client::detail::Url url_;
    const std::chrono::milliseconds patience_;
    const std::size_t max_connections_;
    const std::shared_ptr<client::detail::Runtime> runtime_;
    std::stop_source stop_;

    std::size_t connections_ = 0;  ///< in use; on the client's thread, like those who wait for one
    std::deque<std::shared_ptr<client::detail::Timer>> waiting_;

    std::mutex mutex_;
    std::condition_variable ended_;
    std::size_t running_ = 0;
};

}  // namespace foldback::remote
