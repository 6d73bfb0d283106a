#include "http/mailbox.hpp"

#include "http/refusal.hpp"

namespace foldback::server::http {

Call::Call(std::shared_ptr<Mailbox> mailbox, CallOwner& owner) : mailbox_(std::move(mailbox)), owner_(&owner) {}

Respond Call::respond() {
    // The second count, of the copies of the function alone, notices when nobody is left to answer.
    const std::shared_ptr<Call> copies(this, [self = shared_from_this()](Call* call) {
        if (!call->answered_.load(std::memory_order_acquire)) {
            constexpr Refusal refusal{.status = 500, .code = "unanswered", .detail = "The request was not answered."};
            call->answer(to_response(refusal));
        }
    });
    return [copies](Response response) { copies->answer(std::move(response)); };
}

std::function<void()> Call::ring() {
    return [self = shared_from_this()] { self->call(); };
}

void Call::answer(Response response) {
    if (answered_.exchange(true, std::memory_order_acq_rel)) return;
    response_.emplace(std::move(response));
    call();
}

void Call::call() noexcept {
    if (state_.exchange(State::called, std::memory_order_acq_rel) == State::awaited) {
        mailbox_->post(shared_from_this());
    }
}

bool Call::await() noexcept {
    auto expected = State::idle;
    return state_.compare_exchange_strong(expected, State::awaited, std::memory_order_acq_rel) ||
           expected == State::awaited;
}

void Mailbox::post(std::shared_ptr<Call> call) {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    posted_.push_back(std::move(call));
    if (!scheduled_) {
        scheduled_ = true;
        schedule_();
    }
}

void Mailbox::deliver() {
    {
        const std::scoped_lock lock(mutex_);
        scheduled_ = false;
        delivering_.swap(posted_);
    }
    for (const auto& call : delivering_) {
        if (call->owner_) call->owner_->called_back();
    }
    delivering_.clear();
}

void Mailbox::close() {
    std::vector<std::shared_ptr<Call>> dropped;
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    schedule_ = nullptr;
    dropped.swap(posted_);  // destroyed after the lock: a call's end may release a store's callbacks
}

}  // namespace foldback::server::http
