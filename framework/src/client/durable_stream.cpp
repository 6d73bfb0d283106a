#include "foldback/client/durable_stream.hpp"

#include <utility>

#include "client/read_session_impl.hpp"
#include "client/stream_operations.hpp"

namespace foldback::client {
namespace {

/// Runs an operation on the client's thread and waits for its outcome.
template <class Value>
Result<Value> outcome_of(const detail::TargetPtr& target, detail::Task<Result<Value>> operation) {
    return target->runtime->wait_for(std::move(operation));
}

}  // namespace

const std::string& DurableStream::url() const noexcept { return target_->text; }

Result<Created> DurableStream::create(const CreateOptions& options) const {
    return outcome_of(target_, detail::create_stream(target_, options));
}

Result<Head> DurableStream::head(const CallOptions& call) const {
    return outcome_of(target_, detail::head_of(target_, call));
}

Result<Head> DurableStream::connect(const CallOptions& call) const {
    return outcome_of(target_, detail::connect_to(target_, call));
}

Result<Appended> DurableStream::append(std::string_view message, const AppendOptions& options) const {
    return append_parts(detail::Parts::of_one(message), options);
}

Result<Appended> DurableStream::append_parts(detail::Parts parts, const AppendOptions& options) const {
    return outcome_of(target_, detail::append_parts(target_, std::move(parts), options, false));
}

Result<Appended> DurableStream::append_from(Source source, const AppendOptions& options) const {
    return outcome_of(target_, detail::append_source(target_, std::move(source), options));
}

Result<Appended> DurableStream::append_file(const std::filesystem::path& file, const AppendOptions& options) const {
    return append_from(detail::source_of(file), options);
}

Result<Appended> DurableStream::close(const CallOptions& call) const {
    return outcome_of(target_, detail::close_stream(target_, call));
}

Result<Appended> DurableStream::close(std::string_view final_message, const AppendOptions& options) const {
    return outcome_of(target_, detail::append_parts(target_, detail::Parts::of_one(final_message), options, true));
}

Result<void> DurableStream::remove(const CallOptions& call) const {
    return outcome_of(target_, detail::remove_stream(target_, call));
}

ReadSession DurableStream::read(ReadOptions options) const {
    return ReadSession(std::make_shared<ReadSession::Impl>(target_, std::move(options)));
}

}  // namespace foldback::client
