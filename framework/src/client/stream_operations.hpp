#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "client/net.hpp"
#include "client/runtime.hpp"
#include "client/target.hpp"
#include "foldback/client/durable_stream.hpp"

/// The operations of a stream as coroutines: the one core of the forms that block and of those that do not. Their arguments
/// are their own, since they may outlive the call. What they do is said by the functions of DurableStream.
namespace foldback::client::detail {

using TargetPtr = std::shared_ptr<Target>;

[[nodiscard]] Task<Result<Created>> create_stream(TargetPtr target, CreateOptions options);
[[nodiscard]] Task<Result<Head>> head_of(TargetPtr target, CallOptions call);
[[nodiscard]] Task<Result<Head>> connect_to(TargetPtr target, CallOptions call);
[[nodiscard]] Task<Result<std::string>> content_type_of(TargetPtr target, CallOptions call);

[[nodiscard]] Task<Result<Appended>> append_parts(TargetPtr target, Parts parts, AppendOptions options, bool closes);
[[nodiscard]] Task<Result<Appended>> append_source(TargetPtr target, Source source, AppendOptions options);
[[nodiscard]] Task<Result<Appended>> close_stream(TargetPtr target, CallOptions call);
[[nodiscard]] Task<Result<void>> remove_stream(TargetPtr target, CallOptions call);
[[nodiscard]] Source source_of(const std::filesystem::path& file);  // see asio.hpp

}  // namespace foldback::client::detail
