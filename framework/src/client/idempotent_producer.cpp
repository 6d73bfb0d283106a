#include "foldback/client/idempotent_producer.hpp"

#include <stdexcept>
#include <utility>

#include "client/epochs.hpp"
#include "client/idempotent_producer_impl.hpp"
#include "client/stream_operations.hpp"

namespace foldback::client {
namespace {

void check(const std::string& id, const ProducerOptions& options) {
    const auto refuse = [](const char* why) { throw std::invalid_argument(why); };
    if (id.empty()) refuse("producer_id must not be empty");
    if (auto problem = detail::problem_with_header("producer-id", id); !problem.empty())
        refuse("producer_id is no text for a header");
    if (const auto* given = std::get_if<GivenEpoch>(&options.epoch);
        given != nullptr && given->epoch > detail::max_epoch)
        refuse("epoch must be between 0 and 2^53 - 1");
    if (options.max_batch_bytes == 0 || options.max_batch_bytes > (1U << 30))
        refuse("max_batch_bytes must be between 1 and 1 GiB");
    if (options.max_batch_items == 0 || options.max_batch_items > 1'000'000'000)
        refuse("max_batch_items must be between 1 and 1000000000");
    if (options.max_in_flight == 0 || options.max_in_flight > 100) refuse("max_in_flight must be between 1 and 100");
    if (options.max_pending_bytes == 0) refuse("max_pending_bytes must be greater than 0");
    if (options.linger.count() < 0) refuse("linger must not be negative");
    if (options.delivery_timeout.count() <= 0) refuse("delivery_timeout must be greater than 0");
    if (options.destructor_timeout.count() < 0) refuse("destructor_timeout must not be negative");
    if (!options.on_error) refuse("on_error must be set: no message is lost in silence");
}

}  // namespace

IdempotentProducer::IdempotentProducer(DurableStream stream, std::string producer_id, ProducerOptions options) {
    check(producer_id, options);
    const auto type = stream.target_->runtime->wait_for(detail::content_type_of(stream.target_, {})).value();
    if (stream.target_->content_type().empty()) stream.target_->learn_content_type(type);
    impl_ =
        std::make_shared<Impl>(stream.target_, std::move(producer_id), std::move(options), detail::is_json_type(type));
}

IdempotentProducer::~IdempotentProducer() {
    (void)detach({.deadline = within(impl_->destructor_timeout())});
    impl_->release_epoch_file();
}

Result<void> IdempotentProducer::append(std::string_view message) { return impl_->append(message, nullptr); }

Result<void> IdempotentProducer::append(std::string_view message, Completion done) {
    return impl_->append(message, std::move(done));
}

std::future<Result<Appended>> IdempotentProducer::append_with_future(std::string_view message) {
    auto promise = std::make_shared<std::promise<Result<Appended>>>();
    auto future = promise->get_future();
    auto taken = impl_->append(message, [promise](const Result<Appended>& outcome) { promise->set_value(outcome); });
    if (!taken) promise->set_value(taken.error());
    return future;
}

Result<void> IdempotentProducer::flush(const CallOptions& call) {
    return impl_->runtime().wait_for(impl_->flush(call));
}

Result<void> IdempotentProducer::detach(const CallOptions& call) {
    if (impl_->runtime().is_own_thread()) return impl_->detach_on_own_thread();
    return impl_->runtime().wait_for(impl_->detach(call));
}

Result<Appended> IdempotentProducer::close_stream(const CallOptions& call) {
    return impl_->runtime().wait_for(impl_->close_stream(std::nullopt, call));
}

Result<Appended> IdempotentProducer::close_stream(std::string_view final_message, const CallOptions& call) {
    return impl_->runtime().wait_for(impl_->close_stream(std::string(final_message), call));
}

IdempotentProducer::Progress IdempotentProducer::progress() const { return impl_->progress(); }

}  // namespace foldback::client
