#include "client/stream_operations.hpp"

#include <charconv>
#include <fstream>
#include <utility>

#include "client/transport.hpp"

namespace foldback::client::detail {
namespace {

Task<Result<Response>> send(Request request, CallOptions call) {
    auto& runtime = *request.target.runtime;
    request.max_retries = runtime.options().retry.max_retries;
    const auto operation = Operation::create(runtime.context(), call);
    co_return co_await detail::exchange(operation, request);
}

Result<Offset> tail_of(const Target& target, const Response& response) {
    try {
        return Offset(response.header("stream-next-offset"));
    } catch (const std::invalid_argument&) {
        return Error{.code = ErrorCode::malformed_response,
                     .message = target.text + ": the answer does not say where the stream ends",
                     .stream = target.text,
                     .status = response.status};
    }
}

Result<Appended> appended(const Target& target, const Result<Response>& response) {
    if (!response) return response.error();
    auto tail = tail_of(target, *response);
    if (!tail) return tail.error();
    return Appended{.tail = std::move(*tail)};
}

Request append_request(const Target& target, const std::string& type, const AppendOptions& options) {
    Request request{.target = target, .method = Method::post, .headers = {{"content-type", type}}};
    if (options.if_match) request.headers.emplace_back("if-match", "\"" + options.if_match->text() + "\"");
    if (options.stream_seq) request.headers.emplace_back("stream-seq", *options.stream_seq);
    request.values = &options.headers;
    return request;
}

Request create_request(const Target& target, const CreateOptions& options, const std::string& type) {
    Request request{.target = target, .method = Method::put, .body = options.body, .is_repeatable = true};
    auto& headers = request.headers;
    if (!type.empty()) headers.emplace_back("content-type", type);
    if (options.ttl) headers.emplace_back("stream-ttl", std::to_string(options.ttl->count()));
    if (!options.expires_at.empty()) headers.emplace_back("stream-expires-at", options.expires_at);
    if (options.closed) headers.emplace_back("stream-closed", "true");
    if (options.fork) {
        headers.emplace_back("stream-forked-from", options.fork->source);
        if (options.fork->offset) headers.emplace_back("stream-fork-offset", options.fork->offset->text());
        if (options.fork->sub_offset > 0)
            headers.emplace_back("stream-fork-sub-offset", std::to_string(options.fork->sub_offset));
    }
    return request;
}

Error invalid(const Target& target, const std::string& why) {
    return {.code = ErrorCode::invalid_argument, .message = target.text + ": " + why, .stream = target.text};
}

}  // namespace

void Parts::add(std::string_view message) {
    if (count++ > 0) commas.push_back(joined.size());
    joined += message;
}

std::string Parts::body(bool is_json) const {
    if (!is_json) return joined;
    std::string body;
    body.reserve(joined.size() + commas.size() + 2);
    std::size_t begin = 0;
    char separator = '[';
    for (const auto end : commas) {
        body.append(1, separator).append(joined, begin, end - begin);
        begin = end;
        separator = ',';
    }
    body.append(1, separator).append(joined, begin).append("]");
    return body;
}

Task<Result<Created>> create_stream(TargetPtr target, CreateOptions options) {
    if (options.ttl && options.ttl->count() < 0) co_return invalid(*target, "ttl must not be negative");
    const auto wanted = options.content_type.empty() ? target->options.content_type : options.content_type;
    auto request = create_request(*target, options, wanted);
    const auto response = co_await send(std::move(request), options.call);
    if (!response) co_return response.error();
    auto tail = tail_of(*target, *response);
    if (!tail) co_return tail.error();
    const auto type = response->header("content-type");
    Created created{.is_new = response->status == 201,
                    .tail = std::move(*tail),
                    .content_type = std::string(type.empty() ? std::string_view(wanted) : type),
                    .closed = response->says_true("stream-closed")};
    target->learn_content_type(created.content_type);
    co_return created;
}

Task<Result<Head>> head_of(TargetPtr target, CallOptions call) {
    Request request{.target = *target, .method = Method::head, .is_repeatable = true};
    const auto response = co_await send(std::move(request), std::move(call));
    if (!response) co_return response.error();
    auto tail = tail_of(*target, *response);
    if (!tail) co_return tail.error();
    Head head{.content_type = std::string(response->header("content-type")),
              .tail = std::move(*tail),
              .closed = response->says_true("stream-closed"),
              .expires_at = std::string(response->header("stream-expires-at"))};
    const auto ttl = response->header("stream-ttl");
    std::int64_t seconds = 0;
    if (!ttl.empty() && std::from_chars(ttl.data(), ttl.data() + ttl.size(), seconds).ec == std::errc{})
        head.ttl = std::chrono::seconds(seconds);
    target->learn_content_type(head.content_type);
    co_return head;
}

Task<Result<Head>> connect_to(TargetPtr target, CallOptions call) {
    const auto wanted = target->options.content_type;
    auto head = co_await head_of(target, std::move(call));
    if (!head || wanted.empty() || is_same_name(wanted, head->content_type)) co_return head;
    co_return Error{.code = ErrorCode::conflict,
                    .message = target->text + ": its content type is " + head->content_type + ", not " + wanted,
                    .stream = target->text};
}

Task<Result<std::string>> content_type_of(TargetPtr target, CallOptions call) {
    auto type = target->content_type();
    if (!type.empty()) co_return type;
    const auto head = co_await head_of(target, std::move(call));
    if (!head) co_return head.error();
    co_return head->content_type.empty() ? "application/octet-stream" : head->content_type;
}

Task<Result<Appended>> append_parts(TargetPtr target, Parts parts, AppendOptions options, bool closes) {
    if (parts.joined.empty()) co_return invalid(*target, "there is nothing to append");
    const auto type = co_await content_type_of(target, options.call);
    if (!type) co_return type.error();
    const auto text = parts.body(is_json_type(*type));
    auto request = append_request(*target, *type, options);
    request.body = text;
    if (closes) request.headers.emplace_back("stream-closed", "true");
    const auto response = co_await send(std::move(request), options.call);
    co_return appended(*target, response);
}

Task<Result<Appended>> append_source(TargetPtr target, Source source, AppendOptions options) {
    const auto type = co_await content_type_of(target, options.call);
    if (!type) co_return type.error();
    auto request = append_request(*target, *type, options);
    request.source = std::move(source);
    const auto response = co_await send(std::move(request), options.call);
    co_return appended(*target, response);
}

Source source_of(const std::filesystem::path& file) {
    const auto fail = [file] {
        throw std::filesystem::filesystem_error("cannot read", file, std::make_error_code(std::errc::io_error));
    };
    auto input = std::make_shared<std::ifstream>(file, std::ios::binary);
    if (!*input) fail();
    return [input, fail](std::span<char> space) {
        input->read(space.data(), static_cast<std::streamsize>(space.size()));
        if (input->bad()) fail();
        return static_cast<std::size_t>(input->gcount());
    };
}

Task<Result<Appended>> close_stream(TargetPtr target, CallOptions call) {
    Request request{
        .target = *target, .method = Method::post, .headers = {{"stream-closed", "true"}}, .is_repeatable = true};
    const auto response = co_await send(std::move(request), std::move(call));
    co_return appended(*target, response);
}

Task<Result<void>> remove_stream(TargetPtr target, CallOptions call) {
    Request request{.target = *target, .method = Method::remove, .is_repeatable = true};
    const auto response = co_await send(std::move(request), std::move(call));
    if (!response) co_return response.error();
    co_return Result<void>();
}

}  // namespace foldback::client::detail
