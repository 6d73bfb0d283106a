#include "foldback/client/durable_stream.hpp"

#include <charconv>
#include <fstream>
#include <utility>

#include "client/read_session_impl.hpp"
#include "client/target.hpp"
#include "client/transport.hpp"

namespace foldback::client {
namespace {

using detail::Method;
using detail::Request;
using detail::Response;

Result<Response> send(const detail::Target& target, const CallOptions& call, Request request) {
    auto& runtime = *target.runtime;
    request.max_retries = runtime.options().retry.max_retries;
    const auto operation = detail::Operation::create(runtime.context(), call);
    return runtime.wait_for<Result<Response>>([&] { return detail::exchange(operation, request); });
}

Error invalid(const detail::Target& target, const std::string& why) {
    return {.code = ErrorCode::invalid_argument, .message = target.text + ": " + why, .stream = target.text};
}

Result<Offset> tail_of(const detail::Target& target, const Response& response) {
    try {
        return Offset(response.header("stream-next-offset"));
    } catch (const std::invalid_argument&) {
        return Error{.code = ErrorCode::malformed_response,
                     .message = target.text + ": the answer does not say where the stream ends",
                     .stream = target.text,
                     .status = response.status};
    }
}

Result<Appended> appended(const detail::Target& target, const Result<Response>& response) {
    if (!response) return response.error();
    auto tail = tail_of(target, *response);
    if (!tail) return tail.error();
    return Appended{.tail = std::move(*tail)};
}

void add_conditions(Request& request, const AppendOptions& options) {
    if (options.if_match) request.headers.emplace_back("if-match", "\"" + options.if_match->text() + "\"");
    if (options.stream_seq) request.headers.emplace_back("stream-seq", *options.stream_seq);
    request.values = &options.headers;
}

}  // namespace

const std::string& DurableStream::url() const noexcept { return target_->text; }

Result<Created> DurableStream::create(const CreateOptions& options) const {
    const auto& wanted = options.content_type.empty() ? target_->options.content_type : options.content_type;
    Request request{.target = *target_, .method = Method::put, .body = options.body, .is_repeatable = true};
    auto& headers = request.headers;
    if (!wanted.empty()) headers.emplace_back("content-type", wanted);
    if (options.ttl) headers.emplace_back("stream-ttl", std::to_string(options.ttl->count()));
    if (!options.expires_at.empty()) headers.emplace_back("stream-expires-at", options.expires_at);
    if (options.closed) headers.emplace_back("stream-closed", "true");
    if (options.ttl && options.ttl->count() < 0) return invalid(*target_, "ttl must not be negative");
    if (options.fork) {
        headers.emplace_back("stream-forked-from", options.fork->source);
        if (options.fork->offset) headers.emplace_back("stream-fork-offset", options.fork->offset->text());
        if (options.fork->sub_offset > 0)
            headers.emplace_back("stream-fork-sub-offset", std::to_string(options.fork->sub_offset));
    }
    const auto response = send(*target_, options.call, std::move(request));
    if (!response) return response.error();
    auto tail = tail_of(*target_, *response);
    if (!tail) return tail.error();
    const auto type = response->header("content-type");
    Created created{.is_new = response->status == 201,
                    .tail = std::move(*tail),
                    .content_type = std::string(type.empty() ? std::string_view(wanted) : type),
                    .closed = response->says_true("stream-closed")};
    target_->learn_content_type(created.content_type);
    return created;
}

Result<Head> DurableStream::head(const CallOptions& call) const {
    const auto response = send(*target_, call, {.target = *target_, .method = Method::head, .is_repeatable = true});
    if (!response) return response.error();
    auto tail = tail_of(*target_, *response);
    if (!tail) return tail.error();
    Head head{.content_type = std::string(response->header("content-type")),
              .tail = std::move(*tail),
              .closed = response->says_true("stream-closed"),
              .expires_at = std::string(response->header("stream-expires-at"))};
    const auto ttl = response->header("stream-ttl");
    std::int64_t seconds = 0;
    if (!ttl.empty() && std::from_chars(ttl.data(), ttl.data() + ttl.size(), seconds).ec == std::errc{})
        head.ttl = std::chrono::seconds(seconds);
    target_->learn_content_type(head.content_type);
    return head;
}

Result<Head> DurableStream::connect(const CallOptions& call) const {
    auto head = this->head(call);
    const auto& wanted = target_->options.content_type;
    if (!head || wanted.empty() || detail::is_same_name(wanted, head->content_type)) return head;
    return Error{.code = ErrorCode::conflict,
                 .message = target_->text + ": its content type is " + head->content_type + ", not " + wanted,
                 .stream = target_->text};
}

Result<Appended> DurableStream::append(std::string_view message, const AppendOptions& options) const {
    Parts parts;
    parts.add(message);
    return append_parts(parts, options);
}

void DurableStream::Parts::add(std::string_view message) {
    if (count++ > 0) commas.push_back(joined.size());
    joined += message;
}

Result<Appended> DurableStream::append_parts(const Parts& parts, const AppendOptions& options) const {
    return post(parts, options, false);
}

Result<Appended> DurableStream::post(const Parts& parts, const AppendOptions& options, bool closes) const {
    if (parts.joined.empty()) return invalid(*target_, "there is nothing to append");
    auto type = known_content_type(options.call);
    if (!type) return type.error();
    const auto body = parts.body(detail::is_json_type(*type));
    Request request{.target = *target_, .method = Method::post, .headers = {{"content-type", *type}}, .body = body};
    add_conditions(request, options);
    if (closes) request.headers.emplace_back("stream-closed", "true");
    return appended(*target_, send(*target_, options.call, std::move(request)));
}

std::string DurableStream::Parts::body(bool is_json) const {
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

Result<std::string> DurableStream::known_content_type(const CallOptions& call) const {
    auto type = target_->content_type();
    if (!type.empty()) return type;
    const auto head = this->head(call);
    if (!head) return head.error();
    return head->content_type.empty() ? "application/octet-stream" : head->content_type;
}

Result<Appended> DurableStream::append_from(Source source, const AppendOptions& options) const {
    auto type = known_content_type(options.call);
    if (!type) return type.error();
    Request request{
        .target = *target_, .method = Method::post, .headers = {{"content-type", *type}}, .source = std::move(source)};
    add_conditions(request, options);
    return appended(*target_, send(*target_, options.call, std::move(request)));
}

Result<Appended> DurableStream::append_file(const std::filesystem::path& file, const AppendOptions& options) const {
    const auto fail = [&file] {
        throw std::filesystem::filesystem_error("cannot read", file, std::make_error_code(std::errc::io_error));
    };
    auto input = std::make_shared<std::ifstream>(file, std::ios::binary);
    if (!*input) fail();
    return append_from(
        [input, fail](std::span<char> space) {
            input->read(space.data(), static_cast<std::streamsize>(space.size()));
            if (input->bad()) fail();
            return static_cast<std::size_t>(input->gcount());
        },
        options);
}

Result<Appended> DurableStream::close(const CallOptions& call) const {
    return appended(*target_, send(*target_, call,
                                   {.target = *target_,
                                    .method = Method::post,
                                    .headers = {{"stream-closed", "true"}},
                                    .is_repeatable = true}));
}

Result<Appended> DurableStream::close(std::string_view final_message, const AppendOptions& options) const {
    Parts parts;
    parts.add(final_message);
    return post(parts, options, true);
}

Result<void> DurableStream::remove(const CallOptions& call) const {
    const auto response = send(*target_, call, {.target = *target_, .method = Method::remove, .is_repeatable = true});
    if (!response) return response.error();
    return {};
}

ReadSession DurableStream::read(ReadOptions options) const {
    return ReadSession(std::make_shared<ReadSession::Impl>(target_, std::move(options)));
}

}  // namespace foldback::client
