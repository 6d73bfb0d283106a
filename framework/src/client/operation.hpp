#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "client/net.hpp"
#include "foldback/client/error.hpp"
#include "foldback/client/options.hpp"

namespace foldback::client::detail {

/// What may end a call before it is done: its deadline and its stop token. Lives on the client's thread, but for `create`
/// and the destruction, which may be anywhere.
class Operation : public std::enable_shared_from_this<Operation> {
public:
    [[nodiscard]] static std::shared_ptr<Operation> create(asio::io_context& context, const CallOptions& call);
    Operation(asio::io_context& context, Deadline deadline);

    [[nodiscard]] bool is_over() const noexcept { return stopped_ || SteadyClock::now() >= deadline_; }
    /// Why it is over: `cancelled` or `timed_out`.
    [[nodiscard]] ErrorCode why() const noexcept { return stopped_ ? ErrorCode::cancelled : ErrorCode::timed_out; }

    /// From any thread.
    void request_stop();

    /// While one lives, `abort` is called when the operation is over; it makes what is waiting end. One at a time.
    class Waiting {
    public:
        Waiting(Operation& operation, std::function<void()> abort);
        ~Waiting();
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

    private:
        Operation& operation_;
    };

    /// Waits, or less if the operation is over before.
    Task<void> sleep(std::chrono::milliseconds time);

private:
    void end();

    asio::io_context& context_;
    Deadline deadline_;
    Timer deadline_timer_;
    bool stopped_ = false;
    std::function<void()> abort_{};
    std::optional<std::stop_callback<std::function<void()>>> on_stop_{};
};

}  // namespace foldback::client::detail
