#include "client/idempotent_producer_impl.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "client/epochs.hpp"
#include "codec/json_scanner.hpp"
#include "codec/utf8.hpp"

namespace foldback::client {

using detail::ProducerBatch;
using detail::ProducerBatchPtr;
using detail::ProducerState;
using detail::Request;
using detail::SteadyClock;
using detail::Task;

namespace {

constexpr std::size_t max_depth = 1024;

std::unique_ptr<detail::EpochLock> lock_of(const Epoch& epoch) {
    const auto* const file = std::get_if<EpochFile>(&epoch);
    return file == nullptr ? nullptr : std::make_unique<detail::EpochLock>(file->path);
}

std::optional<std::uint64_t> first_epoch(const Epoch& epoch, const detail::EpochLock* lock) {
    if (lock != nullptr) return lock->epoch();
    if (const auto* given = std::get_if<GivenEpoch>(&epoch)) return given->epoch;
    return std::nullopt;
}

}  // namespace

IdempotentProducer::Impl::Impl(std::shared_ptr<detail::Target> target, std::string id, ProducerOptions options,
                               bool is_json)
    : target_(std::move(target)),
      id_(std::move(id)),
      options_(std::move(options)),
      is_json_(is_json),
      epoch_lock_(lock_of(options_.epoch)),
      state_(options_, first_epoch(options_.epoch, epoch_lock_.get()), is_json),
      linger_timer_(target_->runtime->context().get_executor()),
      progress_(target_->runtime->context().get_executor(), detail::TimePoint::max()) {}

std::optional<Error> IdempotentProducer::Impl::problem_with(std::string_view message) const {
    const auto invalid = [this](const std::string& why) {
        return Error{
            .code = ErrorCode::invalid_argument, .message = target_->text + ": " + why, .stream = target_->text};
    };
    if (message.empty()) return invalid("an empty message cannot be appended");
    if (!is_json_) return std::nullopt;
    if (!is_utf8(message)) return invalid("the message is not UTF-8");
    JsonScanner scanner(message, max_depth);
    scanner.skip_blanks();
    bool is_value = scanner.take_value();
    if (is_value) scanner.skip_blanks();
    if (is_value && !scanner.at_end()) is_value = scanner.fail("the end is expected");
    if (!is_value) return invalid("the message is no JSON: " + scanner.problem());
    return std::nullopt;
}

std::optional<Error> IdempotentProducer::Impl::refusal() const {
    if (failure_) return failure_;
    if (!is_ended_) return std::nullopt;
    return Error{.code = ErrorCode::detached,
                 .message = target_->text + ": the producer has come to its end",
                 .stream = target_->text};
}

bool IdempotentProducer::Impl::has_space(std::size_t bytes) const {
    const auto pending = state_.progress().pending_bytes;
    return pending == 0 || pending + bytes <= options_.max_pending_bytes;
}

std::optional<Error> IdempotentProducer::Impl::wait_for_space(Lock& lock, std::size_t bytes) {
    if (!has_space(bytes) && target_->runtime->is_own_thread()) {
        return Error{.code = ErrorCode::rate_limited,
                     .message = target_->text + ": too much is waiting to be sent",
                     .stream = target_->text,
                     .is_retryable = true};
    }
    changed_.wait(lock, [&] { return refusal() || has_space(bytes); });
    return refusal();
}

Result<void> IdempotentProducer::Impl::append(std::string_view message, Completion done) {
    if (auto problem = problem_with(message)) return *problem;
    Lock lock(mutex_);
    if (auto error = refusal()) return *error;
    if (auto error = wait_for_space(lock, message.size())) return *error;
    if (add(message, std::move(done))) wake(lock);
    return {};
}

bool IdempotentProducer::Impl::add(std::string_view message, Completion done) {
    const bool was_partial = state_.has_partial_batch();
    state_.add(message, std::move(done));
    ++appended_;
    return !was_partial || state_.has_full_batch();
}

Task<Result<Appended>> IdempotentProducer::Impl::deliver(std::string message) {
    const auto self = shared_from_this();
    if (auto problem = problem_with(message)) co_return *problem;
    std::optional<Result<Appended>> outcome;
    // One after another: who came first is appended first.
    for (const auto turn = next_delivery_++;;) {
        Lock lock(mutex_);
        if (auto error = refusal()) co_return *error;
        if (turn == admitted_ && has_space(message.size())) {
            (void)add(message, [&outcome](const Result<Appended>& known) { outcome = known; });
            break;
        }
        lock.unlock();
        co_await progressed();
    }
    ++admitted_;
    progress_.cancel();
    pump();
    while (!outcome) co_await progressed();
    co_return std::move(*outcome);
}

Task<void> IdempotentProducer::Impl::progressed() {
    boost::system::error_code ignored;
    co_await progress_.async_wait(detail::asio::redirect_error(detail::use_awaitable, ignored));
}

void IdempotentProducer::Impl::tell_progress() {
    changed_.notify_all();
    progress_.cancel();
}

void IdempotentProducer::Impl::wake(Lock& lock) {
    if (std::exchange(is_woken_, true)) return;
    lock.unlock();
    detail::asio::post(target_->runtime->context(), [self = shared_from_this()] { self->pump(); });
    lock.lock();
}

void IdempotentProducer::Impl::pump() {
    std::vector<ProducerBatchPtr> batches;
    {
        const Lock lock(mutex_);
        is_woken_ = false;
        if (failure_) return;
        const bool waits = flushing_ == 0 && !is_ended_ && !linger_is_over_ && options_.linger.count() > 0;
        for (;;) {
            if (state_.has_partial_batch() && !waits && state_.has_room()) state_.seal();
            auto batch = state_.take_to_send();
            if (!batch) break;
            batches.push_back(std::move(batch));
        }
        if (!state_.has_partial_batch()) linger_is_over_ = false;
        if (state_.has_partial_batch() && !lingers_ && !linger_is_over_) start_linger();
    }
    for (auto& batch : batches) {
        detail::asio::co_spawn(target_->runtime->context(), send(std::move(batch)), detail::asio::detached);
    }
}

void IdempotentProducer::Impl::start_linger() {
    lingers_ = true;
    linger_timer_.expires_after(options_.linger);
    linger_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (!self || error) return;
        self->lingers_ = false;
        self->linger_is_over_ = true;
        self->pump();
    });
}

Request IdempotentProducer::Impl::request_of(const ProducerBatch& batch) const {
    Request request{.target = *target_,
                    .method = detail::Method::post,
                    .values = &options_.headers,
                    .body = batch.body,
                    .is_repeatable = true,
                    .max_retries = detail::unlimited_retries};
    request.headers = {{"producer-id", id_},
                       {"producer-epoch", std::to_string(state_.epoch())},
                       {"producer-seq", std::to_string(batch.seq)}};
    if (!batch.body.empty()) request.headers.emplace_back("content-type", target_->content_type());
    if (batch.closes) request.headers.emplace_back("stream-closed", "true");
    return request;
}

Task<void> IdempotentProducer::Impl::send(ProducerBatchPtr batch) {
    const auto self = shared_from_this();
    if (batch->first_sent == detail::TimePoint{}) batch->first_sent = SteadyClock::now();
    for (;;) {
        Lock lock(mutex_);
        if (failure_) co_return;
        auto request = request_of(*batch);
        request.unanswered = &batch->unanswered;
        lock.unlock();
        const CallOptions call{.deadline = batch->first_sent + options_.delivery_timeout};
        const auto operation = detail::Operation::create(target_->runtime->context(), call);
        std::erase_if(sending_, [](const auto& weak) { return weak.expired(); });
        sending_.push_back(operation);
        const auto answer = co_await detail::exchange(operation, request);
        lock.lock();
        if (failure_) co_return;
        const auto judgement = state_.judge(*batch, answer);
        auto settled = state_.take_settled();
        lock.unlock();
        settle(std::move(settled));
        if (judgement.verdict == ProducerState::Verdict::failed) fail(judgement.error, batch->seq);
        if (judgement.verdict != ProducerState::Verdict::send_again) break;
    }
    pump();
}

void IdempotentProducer::Impl::settle(std::vector<ProducerBatchPtr> batches) {
    for (const auto& batch : batches) {
        const Result<Appended> outcome = batch->outcome;
        for (const auto& done : batch->completions) done(outcome);
        const Lock lock(mutex_);
        settled_ += batch->messages + (batch->closes ? 1 : 0);
        if (batch->closes) closed_ = outcome;
    }
    tell_progress();
}

void IdempotentProducer::Impl::fail(const Error& error, std::optional<std::uint64_t> seq) {
    std::vector<ProducerBatchPtr> delivered;
    std::vector<ProducerBatchPtr> batches;
    {
        const Lock lock(mutex_);
        if (failure_) return;
        failure_ = error;
        if (failure_->stream.empty()) failure_->message = target_->text + ": " + error.message;
        failure_->stream = target_->text;
        delivered = state_.take_delivered();
        batches = state_.take_all();
    }
    for (const auto& weak : sending_) {
        if (const auto operation = weak.lock()) operation->request_stop();
    }
    settle(std::move(delivered));
    // When one is surely not there, neither is any after it.
    const bool is_sure = seq && error.code != ErrorCode::outcome_unknown;
    for (const auto& batch : batches) {
        auto why = *failure_;
        const bool was_sent = batch->first_sent != detail::TimePoint{} && batch->stage != ProducerBatch::Stage::early;
        const bool may_be_there = (was_sent || batch->unanswered > 0) && !(is_sure && batch->seq >= *seq);
        if (may_be_there) why.code = ErrorCode::outcome_unknown;
        if (batch->messages > 0) {
            const Undelivered undelivered{.error = why, .messages = batch->messages, .body = batch->body};
            options_.on_error(undelivered);
        }
        const Result<Appended> outcome = why;
        for (const auto& done : batch->completions) done(outcome);
        const Lock lock(mutex_);
        settled_ += batch->messages + (batch->closes ? 1 : 0);
    }
    tell_progress();
}

/// Waits for the outcome of so many messages.
Task<Result<void>> IdempotentProducer::Impl::settled(std::uint64_t messages, CallOptions call) {
    const auto operation = detail::Operation::create(target_->runtime->context(), call);
    const auto count = [this](int more) {
        const Lock lock(mutex_);
        flushing_ += static_cast<unsigned>(more);
    };
    count(1);
    pump();
    while (settled_ < messages && !operation->is_over()) {
        const detail::Operation::Waiting waiting(*operation, [this] { progress_.cancel(); });
        co_await progressed();
    }
    count(-1);
    if (settled_ >= messages) co_return failure_ ? Result<void>(*failure_) : Result<void>();
    const bool cancelled = operation->why() == ErrorCode::cancelled;
    co_return Error{.code = operation->why(),
                    .message = target_->text + (cancelled ? ": stop was requested" : ": the deadline passed") +
                               " before everything was delivered",
                    .stream = target_->text,
                    .is_retryable = true};
}

Task<Result<void>> IdempotentProducer::Impl::flush(CallOptions call) {
    const auto self = shared_from_this();
    Lock lock(mutex_);
    const auto messages = appended_;
    lock.unlock();
    co_return co_await settled(messages, std::move(call));
}

Error IdempotentProducer::Impl::detached_error() const {
    return {.code = ErrorCode::detached,
            .message = target_->text + ": the producer was detached before this was delivered",
            .stream = target_->text};
}

Task<Result<void>> IdempotentProducer::Impl::detach(CallOptions call) {
    const auto self = shared_from_this();
    Lock lock(mutex_);
    is_ended_ = true;
    const auto messages = appended_;
    lock.unlock();
    tell_progress();
    if (settled_ >= messages) co_return failure_ && !closed_ ? Result<void>(*failure_) : Result<void>();
    auto outcome = co_await settled(messages, std::move(call));
    if (!outcome && !failure_) fail(detached_error());
    co_return outcome;
}

Result<void> IdempotentProducer::Impl::detach_on_own_thread() {
    const Lock lock(mutex_);
    is_ended_ = true;
    if (settled_ >= appended_) return failure_ && !closed_ ? Result<void>(*failure_) : Result<void>();
    detail::asio::post(target_->runtime->context(), [self = shared_from_this()] {
        self->tell_progress();
        self->fail(self->detached_error());
    });
    return *refusal();
}

void IdempotentProducer::Impl::begin_to_close(const std::optional<std::string>& final_message) {
    is_ended_ = true;
    if (final_message) state_.add(*final_message, nullptr);
    appended_ += final_message ? 2 : 1;
    closing_ = appended_;
    state_.seal_and_close([this](const Result<Appended>& outcome) {
        const Lock inner(mutex_);
        closed_ = outcome;
    });
}

Task<Result<Appended>> IdempotentProducer::Impl::close_stream(std::optional<std::string> final_message,
                                                              CallOptions call) {
    const auto self = shared_from_this();
    if (final_message) {
        if (auto problem = problem_with(*final_message)) co_return *problem;
    }
    Lock lock(mutex_);
    if (closed_) co_return *closed_;
    // It may be on its way already, for somebody who waited no longer.
    if (!closing_) {
        if (auto error = refusal()) co_return *error;
        begin_to_close(final_message);
    }
    const auto messages = *closing_;
    lock.unlock();
    tell_progress();
    if (auto all = co_await settled(messages, std::move(call)); !all) co_return all.error();
    co_return *closed_;
}

IdempotentProducer::Progress IdempotentProducer::Impl::progress() const {
    const Lock lock(mutex_);
    return state_.progress();
}

}  // namespace foldback::client
