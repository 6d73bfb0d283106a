#include <boost/asio/co_spawn.hpp>

#include <utility>

#include "client/idempotent_producer_impl.hpp"
#include "client/stream_operations.hpp"
#include "foldback/client/asio.hpp"

namespace foldback::client::detail {
namespace {

template <class Value>
void spawn(Runtime& runtime, Task<Result<Value>> operation, Start::Done<Value> done) {
    asio::co_spawn(runtime.context(), std::move(operation),
                   [done = std::move(done)](std::exception_ptr failure, Result<Value> outcome) {
                       done(std::move(failure), std::move(outcome));
                   });
}

}  // namespace

void Start::create(DurableStream stream, CreateOptions options, Done<Created> done) {
    spawn(*stream.target_->runtime, create_stream(stream.target_, std::move(options)), std::move(done));
}

void Start::head(DurableStream stream, CallOptions call, Done<Head> done) {
    spawn(*stream.target_->runtime, head_of(stream.target_, std::move(call)), std::move(done));
}

void Start::connect(DurableStream stream, CallOptions call, Done<Head> done) {
    spawn(*stream.target_->runtime, connect_to(stream.target_, std::move(call)), std::move(done));
}

void Start::append(DurableStream stream, Parts parts, AppendOptions options, Done<Appended> done) {
    auto operation = append_parts(stream.target_, std::move(parts), std::move(options), false);
    spawn(*stream.target_->runtime, std::move(operation), std::move(done));
}

void Start::append_from(DurableStream stream, Source source, AppendOptions options, Done<Appended> done) {
    auto operation = append_source(stream.target_, std::move(source), std::move(options));
    spawn(*stream.target_->runtime, std::move(operation), std::move(done));
}

void Start::close(DurableStream stream, CallOptions call, Done<Appended> done) {
    spawn(*stream.target_->runtime, detail::close_stream(stream.target_, std::move(call)), std::move(done));
}

void Start::close_with(DurableStream stream, Parts parts, AppendOptions options, Done<Appended> done) {
    auto operation = append_parts(stream.target_, std::move(parts), std::move(options), true);
    spawn(*stream.target_->runtime, std::move(operation), std::move(done));
}

void Start::remove(DurableStream stream, CallOptions call, Done<void> done) {
    spawn(*stream.target_->runtime, remove_stream(stream.target_, std::move(call)), std::move(done));
}

void Start::deliver(IdempotentProducer* producer, std::string message, Done<Appended> done) {
    auto& impl = *producer->impl_;
    spawn(impl.runtime(), impl.deliver(std::move(message)), std::move(done));
}

void Start::flush(IdempotentProducer* producer, CallOptions call, Done<void> done) {
    auto& impl = *producer->impl_;
    spawn(impl.runtime(), impl.flush(std::move(call)), std::move(done));
}

void Start::detach(IdempotentProducer* producer, CallOptions call, Done<void> done) {
    auto& impl = *producer->impl_;
    spawn(impl.runtime(), impl.detach(std::move(call)), std::move(done));
}

void Start::close_stream(IdempotentProducer* producer, CallOptions call, Done<Appended> done) {
    auto& impl = *producer->impl_;
    spawn(impl.runtime(), impl.close_stream(std::nullopt, std::move(call)), std::move(done));
}

void Start::close_stream_with(IdempotentProducer* producer, std::string final_message, CallOptions call,
                              Done<Appended> done) {
    auto& impl = *producer->impl_;
    spawn(impl.runtime(), impl.close_stream(std::move(final_message), std::move(call)), std::move(done));
}

}  // namespace foldback::client::detail
