#include "client/operation.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace foldback::client::detail {

std::shared_ptr<Operation> Operation::create(asio::io_context& context, const CallOptions& call) {
    auto operation = std::make_shared<Operation>(context, call.deadline);
    if (call.stop.stop_possible()) {
        operation->on_stop_.emplace(call.stop, [weak = operation->weak_from_this()] {
            if (const auto self = weak.lock()) self->request_stop();
        });
    }
    return operation;
}

Operation::Operation(asio::io_context& context, Deadline deadline)
    : context_(context), deadline_(deadline), deadline_timer_(context.get_executor()) {}

void Operation::request_stop() {
    asio::post(context_, [self = shared_from_this()] {
        self->stopped_ = true;
        self->end();
    });
}

void Operation::end() {
    if (const auto abort = std::exchange(abort_, nullptr)) abort();
}

Operation::Waiting::Waiting(Operation& operation, std::function<void()> abort) : operation_(operation) {
    operation_.abort_ = std::move(abort);
    if (operation_.deadline_ == Deadline::max()) return;
    operation_.deadline_timer_.expires_at(operation_.deadline_);
    operation_.deadline_timer_.async_wait([weak = operation_.weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (self && !error) self->end();
    });
}

Operation::Waiting::~Waiting() {
    operation_.abort_ = nullptr;
    if (operation_.deadline_ != Deadline::max()) operation_.deadline_timer_.cancel();
}

Task<void> Operation::sleep(std::chrono::milliseconds time) {
    if (is_over()) co_return;
    Timer timer(context_.get_executor());
    timer.expires_after(time);
    const Waiting waiting(*this, [&timer] { timer.cancel(); });
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(use_awaitable, ignored));
}

}  // namespace foldback::client::detail
