#include <fmt/format.h>

#include "cli/answers.hpp"
#include "cli/input.hpp"
#include "cli/json_line.hpp"
#include "cli/transport.hpp"
#include "cli/verbs.hpp"

namespace foldback::cli {
namespace {

/// What one PUT may carry; larger beginnings are appended.
constexpr std::size_t max_initial_bytes = 8 << 20;

using Document = nlohmann::ordered_json;

void print(Output& output, const Document& document, const std::string& text) {
    if (output.json()) {
        output.line(json_line(document));
    } else if (!output.quiet()) {
        output.line(text);
    }
}

void add_expiry(HttpRequest& request, const std::optional<std::uint64_t>& ttl_seconds, const std::string& expires_at) {
    if (ttl_seconds && !expires_at.empty()) {
        throw Failure(ExitCode::usage, "--ttl-seconds and --expires-at exclude each other");
    }
    if (ttl_seconds) request.headers.emplace_back("Stream-TTL", std::to_string(*ttl_seconds));
    if (!expires_at.empty()) request.headers.emplace_back("Stream-Expires-At", expires_at);
}

std::string initial_content(const std::string& file) {
    if (file.empty()) return {};
    Input input(file);
    auto content = input.read(max_initial_bytes + 1);
    if (content.size() > max_initial_bytes) {
        throw Failure(ExitCode::usage, "the initial content is larger than 8 MiB",
                      "Create the stream empty, then append to it.");
    }
    return content;
}

ExitCode put(const HttpRequest& request, const std::string& stream, Session session, Transport& transport) {
    const auto response = transport.exchange(request);
    require_success(response, stream);
    const bool created = response.status == 201;
    const auto* type = response.header("content-type");
    const auto url = transport.base().url_of(stream);
    Document document{{"stream", stream}, {"created", created}, {"url", url}};
    if (type != nullptr) document["content_type"] = *type;
    document["next_offset"] = require_header(response, "stream-next-offset");
    document["closed"] = response.says_true("stream-closed");
    const auto kind = type == nullptr ? std::string{} : fmt::format(" ({})", *type);
    const auto text =
        created ? fmt::format("Created stream \"{}\"{}\n  {}", stream, kind, url)
                : fmt::format("Stream \"{}\"{} was there already, with this configuration\n  {}", stream, kind, url);
    print(session.output, document, text);
    return ExitCode::ok;
}

}  // namespace

ExitCode run(const CreateCommand& command, Session session) {
    require_stream_name(command.stream);
    const auto transport = connect_to_server(session.common);
    HttpRequest request{
        .method = HttpMethod::put, .target = transport->base().target_of(command.stream), .repeatable = true};
    request.headers.emplace_back(
        "Content-Type", command.content_type.text.empty() ? "application/octet-stream" : command.content_type.text);
    add_expiry(request, command.ttl_seconds, command.expires_at);
    if (command.closed) request.headers.emplace_back("Stream-Closed", "true");
    request.body = initial_content(command.file);
    return put(request, command.stream, session, *transport);
}

ExitCode run(const ForkCommand& command, Session session) {
    require_stream_name(command.source);
    require_stream_name(command.stream);
    const auto transport = connect_to_server(session.common);
    HttpRequest request{
        .method = HttpMethod::put, .target = transport->base().target_of(command.stream), .repeatable = true};
    request.headers.emplace_back("Stream-Forked-From", transport->base().target_of(command.source));
    if (!command.offset.empty()) request.headers.emplace_back("Stream-Fork-Offset", command.offset);
    if (command.sub_offset > 0)
        request.headers.emplace_back("Stream-Fork-Sub-Offset", std::to_string(command.sub_offset));
    add_expiry(request, command.ttl_seconds, command.expires_at);
    return put(request, command.stream, session, *transport);
}

ExitCode run(const CloseCommand& command, Session session) {
    require_stream_name(command.stream);
    const auto transport = connect_to_server(session.common);
    HttpRequest request{
        .method = HttpMethod::post, .target = transport->base().target_of(command.stream), .repeatable = true};
    request.headers.emplace_back("Stream-Closed", "true");
    const auto response = transport->exchange(request);
    require_success(response, command.stream);
    const auto& offset = require_header(response, "stream-next-offset");
    print(session.output, {{"stream", command.stream}, {"closed", true}, {"next_offset", offset}},
          fmt::format("Closed stream \"{}\" (final offset {})", command.stream, offset));
    return ExitCode::ok;
}

ExitCode run(const DeleteCommand& command, Session session) {
    require_stream_name(command.stream);
    const auto transport = connect_to_server(session.common);
    // Not repeatable: the second time it would not be there.
    const HttpRequest request{.method = HttpMethod::remove, .target = transport->base().target_of(command.stream)};
    require_success(transport->exchange(request), command.stream);
    print(session.output, {{"stream", command.stream}, {"deleted", true}},
          fmt::format("Deleted stream \"{}\"", command.stream));
    return ExitCode::ok;
}

ExitCode run(const TruncateCommand& command, Session session) {
    require_stream_name(command.stream);
    const auto transport = connect_to_server(session.common);
    HttpRequest request{
        .method = HttpMethod::post, .target = transport->base().target_of(command.stream), .repeatable = true};
    request.headers.emplace_back("Stream-Truncate-Before", command.before);
    const auto response = transport->exchange(request);
    require_success(response, command.stream);
    const auto* first = response.header("stream-first-offset");
    Document document{{"stream", command.stream}, {"truncated", true}};
    if (first != nullptr) document["first_offset"] = *first;
    print(session.output, document,
          first != nullptr ? fmt::format("Truncated stream \"{}\": it begins at {}", command.stream, *first)
                           : fmt::format("Stream \"{}\" already began after that offset", command.stream));
    return ExitCode::ok;
}

}  // namespace foldback::cli
