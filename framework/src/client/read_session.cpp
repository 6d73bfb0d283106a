#include "foldback/client/read_session.hpp"

#include <boost/asio/post.hpp>

#include <mutex>
#include <utility>

#include "client/read_session_impl.hpp"

namespace foldback::client {

using detail::SteadyClock;
using detail::Task;
using std::chrono::milliseconds;

namespace {

void rethrow(const std::exception_ptr& error) {
    if (error) std::rethrow_exception(error);
}

}  // namespace

ReadSession::Impl::Impl(std::shared_ptr<detail::Target> target, ReadOptions options)
    : target_(std::move(target)),
      options_(std::move(options)),
      operation_(detail::Operation::create(target_->runtime->context(), options_.call)),
      state_(options_.from, options_.live, target_->runtime->options().max_body_bytes),
      offset_(options_.from) {}

void ReadSession::Impl::cancel() { operation_->request_stop(); }

Task<ReadSession::Next> ReadSession::Impl::next() {
    for (;;) {
        if (auto batch = state_.take_batch()) {
            note(*batch);
            co_return batch;
        }
        if (state_.is_done()) co_return std::optional<Batch>();
        if (operation_->is_over()) co_return detail::over(*operation_, *target_);
        Result<void> outcome;
        if (state_.wants_events()) {
            outcome = co_await read_events();
        } else {
            outcome = co_await read_answer();
        }
        if (!outcome) {
            auto error = std::move(outcome).error();
            if (error.stream.empty()) error.message = target_->text + ": " + error.message;
            error.stream = target_->text;
            co_return error;
        }
    }
}

void ReadSession::Impl::note(const Batch& batch) {
    const std::scoped_lock lock(mutex_);
    offset_ = batch.offset;
    content_type_ = state_.content_type();
}

detail::Request ReadSession::Impl::request(std::string query) const {
    return {.target = *target_,
            .query = std::move(query),
            .values = &options_.headers,
            .is_repeatable = true,
            .max_retries =
                state_.is_following() ? detail::unlimited_retries : target_->runtime->options().retry.max_retries};
}

Task<Result<void>> ReadSession::Impl::read_answer() {
    auto response = co_await fetch(state_.query());
    if (!response) co_return std::move(response).error();
    status_ = response->status;
    if (target_->content_type().empty()) target_->learn_content_type(response->header("content-type"));
    // The server works on the next answer while this one is taken apart and used.
    if (auto query = state_.query_after(*response)) fetch_ahead(std::move(*query));
    co_return state_.take_answer(*response, std::move(response->body));
}

Task<Result<detail::Response>> ReadSession::Impl::fetch(std::string query) {
    const auto ahead = std::exchange(ahead_, nullptr);
    if (ahead && !ahead->response) {
        boost::system::error_code ignored;
        co_await ahead->ended.async_wait(detail::asio::redirect_error(detail::use_awaitable, ignored));
    }
    if (ahead && ahead->query == query) co_return std::move(*ahead->response);
    const auto request = this->request(std::move(query));
    co_return co_await detail::exchange(operation_, request);
}

void ReadSession::Impl::fetch_ahead(std::string query) {
    ahead_ = std::make_shared<Ahead>(std::move(query), runtime().context());
    auto work = [](std::shared_ptr<Impl> self, std::shared_ptr<Ahead> ahead) -> Task<void> {
        const auto request = self->request(ahead->query);
        ahead->response = co_await detail::exchange(self->operation_, request);
        ahead->ended.cancel();
    };
    detail::asio::co_spawn(runtime().context(), work(shared_from_this(), ahead_), rethrow);
}

Task<Result<void>> ReadSession::Impl::read_events() {
    if (!events_) {
        auto request = this->request(state_.query());
        request.headers = {{"accept", "text/event-stream"}, {"accept-encoding", "identity"}};
        opened_at_ = SteadyClock::now();
        auto opened = co_await detail::open(operation_, request);
        if (!opened) co_return std::move(opened).error();
        status_ = opened->head.status;
        if (auto begun = state_.begin_events(opened->head); !begun) co_return begun.error();
        events_ = std::move(opened->connection);
    }
    std::string piece;
    try {
        const auto connection = events_;
        const detail::Operation::Waiting waiting(*operation_, [connection] { connection->close(); });
        if (!operation_->is_over()) co_await connection->read_more(piece);
    } catch (const detail::TransportError&) {
        piece.clear();  // as good as an end: what was not confirmed comes again
    }
    auto taken = state_.take_events(piece);
    if (taken && !piece.empty() && !state_.is_done()) co_return taken;
    std::exchange(events_, nullptr)->close();
    if (!taken || state_.is_done() || operation_->is_over()) co_return taken;
    const auto lifetime = std::chrono::duration_cast<milliseconds>(SteadyClock::now() - opened_at_);
    co_await operation_->sleep(state_.end_events(lifetime));
    co_return taken;
}

Offset ReadSession::Impl::offset() const {
    const std::scoped_lock lock(mutex_);
    return offset_;
}

std::string ReadSession::Impl::content_type() const {
    const std::scoped_lock lock(mutex_);
    return content_type_;
}

ReadSession::Next ReadSession::next() { return impl_->runtime().wait_for(impl_->next()); }

void ReadSession::next(std::function<void(Next)> done) {
    auto work = [](std::shared_ptr<Impl> impl, std::function<void(Next)> then) -> Task<void> {
        auto outcome = co_await impl->next();
        then(std::move(outcome));
    };
    detail::asio::co_spawn(impl_->runtime().context(), work(impl_, std::move(done)), rethrow);
}

void ReadSession::cancel() { impl_->cancel(); }

Offset ReadSession::offset() const { return impl_->offset(); }

std::string ReadSession::content_type() const { return impl_->content_type(); }

unsigned ReadSession::status() const { return impl_->status(); }

ReadSession::~ReadSession() {
    if (!impl_) return;
    impl_->cancel();
    // Its connection belongs to the client's thread.
    auto& context = impl_->runtime().context();
    detail::asio::post(context, [impl = std::move(impl_)] {});
}

ReadSession& ReadSession::operator=(ReadSession&& other) noexcept {
    ReadSession old(std::exchange(impl_, std::move(other.impl_)));
    return *this;
}

ReadSession::Iterator ReadSession::begin() { return Iterator(*this); }

ReadSession::Iterator& ReadSession::Iterator::operator++() {
    auto next = session_->next();
    if (!next && next.error().code != ErrorCode::cancelled) throw ClientError(std::move(next).error());
    batch_ = next ? std::move(*next) : std::nullopt;
    return *this;
}

}  // namespace foldback::client
