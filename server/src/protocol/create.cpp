#include <memory>
#include <utility>

#include "protocol/authorise.hpp"
#include "protocol/base_url.hpp"
#include "protocol/header_values.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/refusal_response.hpp"
#include "protocol/reserved.hpp"
#include "protocol/when_read.hpp"

namespace foldback::server::protocol {

namespace {

Problem bad_fork(std::string detail) { return bad_request("bad-fork", std::move(detail)); }

/// The stream that a URL path names (PROTOCOL §4.2): encoded like a target, prefix included.
Parsed<StreamPath> parse_source(std::string_view url_path, const std::string& prefix) {
    const auto target = parse_target(url_path);
    if (!target || url_path.find('?') != std::string_view::npos || !target->path.starts_with(prefix)) {
        return bad_fork("Stream-Forked-From must be the URL path of a stream of this server.");
    }
    auto path = StreamPath::parse(std::string_view(target->path).substr(prefix.size()));
    if (!path) return bad_fork("Stream-Forked-From: " + path.error() + ".");
    if (is_reserved(path->text())) return bad_fork("Stream-Forked-From: paths that begin with __ds are reserved.");
    return *std::move(path);
}

/// The point that the start has in a stream, whose name differs when the stream is itself a fork.
Parsed<StreamPoint> start_of(const Service& service, const StreamPath& source) {
    const auto page = service.store.read({.stream = source, .max_bytes = 1, .max_messages = 1, .renews_ttl = false});
    if (!page) {
        auto refused = page.error();
        if (refused.reason == Refusal::not_found) refused = {.reason = Refusal::source_not_found};
        if (refused.reason == Refusal::gone) refused = {.reason = Refusal::source_gone};
        return to_problem(refused);
    }
    if (page->start.offset.value != 0) return bad_fork("The start of the source is not retained any more.");
    return page->start;
}

Parsed<std::optional<ForkFrom>> parse_fork(const Service& service, const Request& request,
                                           const RequestHeaders& headers) {
    const auto* source = headers[Header::stream_forked_from];
    const auto* offset = headers[Header::stream_fork_offset];
    const auto* sub_offset = headers[Header::stream_fork_sub_offset];
    if (source == nullptr) {
        if (offset == nullptr && sub_offset == nullptr) return std::optional<ForkFrom>();
        return bad_fork("Stream-Fork-Offset and Stream-Fork-Sub-Offset need Stream-Forked-From.");
    }
    auto path = parse_source(*source, service.options.stream_prefix);
    if (!path) return path.error();
    if (!may(request, Verb::read, path->text()) || !may(request, Verb::fork, path->text())) return forbidden();
    ForkFrom fork{.source = std::move(*path)};
    if (sub_offset != nullptr) {
        const auto number = parse_number(*sub_offset);
        if (!number) return bad_fork("Stream-Fork-Sub-Offset must be a decimal number up to 2^53-1.");
        fork.sub_offset = *number;
    }
    if (offset == nullptr) return std::optional(std::move(fork));
    fork.at = parse_offset_token(*offset);
    if (!fork.at) return bad_fork("Stream-Fork-Offset is not an offset that this server has given out.");
    if (is_start_of_any_stream(*fork.at)) {
        const auto start = start_of(service, fork.source);
        if (!start) return start.error();
        fork.at = *start;
    }
    return std::optional(std::move(fork));
}

/// How the body is divided: as the request says, or, for a fork that says nothing, as its source.
Parsed<Framing> framing_of_body(const Service& service, const CreateRequest& create) {
    if (!create.config.content_type.empty() || !create.fork) return framing_of(create.config.content_type);
    const auto source = service.store.head(create.fork->source);
    if (source) return framing_of(source->config.content_type);
    auto refused = source.error();
    refused.reason = refused.reason == Refusal::gone ? Refusal::source_gone : Refusal::source_not_found;
    refused.detail.clear();
    return to_problem(refused);
}

/// Takes the body after the last read: see `when_read`.
Parsed<Messages> parse_body(const Service& service, const CreateRequest& create, std::string& body) {
    if (body.empty()) return Messages();
    const auto framing = framing_of_body(service, create);
    if (!framing) return framing.error();
    if (*framing == Framing::bytes) return Messages::bytes(std::move(body));
    return parse_json_body(body, service.options);
}

Parsed<CreateRequest> parse_create(const Service& service, Request& request, const RequestHeaders& headers,
                                   StreamPath stream) {
    if (auto problem = headers.repetition()) return std::move(*problem);
    if (auto problem = encoded_body(headers)) return std::move(*problem);
    if (headers.has(Header::if_match)) return bad_request("unsupported-precondition", "If-Match is for POST only.");
    auto config = parse_config(headers);
    if (!config) return config.error();
    auto fork = parse_fork(service, request, headers);
    if (!fork) return fork.error();
    CreateRequest create{.stream = std::move(stream),
                         .config = std::move(*config),
                         .closed = is_closed_marker(headers[Header::stream_closed]),
                         .fork = std::move(*fork)};
    auto messages = parse_body(service, create, request.body);
    if (!messages) return messages.error();
    create.initial = std::move(*messages);
    if (create.config.content_type.empty() && !create.fork) create.config.content_type = StreamConfig().content_type;
    return create;
}

/// The stream's URL. Absolute, where that is possible: not all clients resolve a relative one (RFC 9110 §10.2.2).
std::string location_of(const Service& service, const RequestHeaders& headers, const StreamPath& stream) {
    auto path = percent_encode_path(service.options.stream_prefix + stream.text());
    const auto& base = service.options.public_url;
    return (base.empty() ? base_url_of(headers[Header::host], headers[Header::x_forwarded_proto]) : base) + path;
}

Response created_response(const Created& created, const std::string& location) {
    Response response;
    response.status = created.created ? 201 : 200;
    if (created.created) response.set("location", location);
    response.set("content-type", created.info.config.content_type);
    response.set("cache-control", "no-store");
    response.set("stream-next-offset", offset_token(created.info.tail));
    if (created.info.closed) response.set("stream-closed", "true");
    return response;
}

bool limits_growth(const Service& service, const Request& request) {
    return service.options.has_room || (service.options.quotas != nullptr && request.principal);
}

Reply create_now(const Service& service, Request& request, StreamPath stream) {
    const auto body_bytes = request.body.size();
    // An existing stream needs no room to be found there.
    const bool grows = limits_growth(service, request) && !service.store.head(stream);
    if (grows && (!service.has_room(Growth::stream) || (body_bytes > 0 && !service.has_room(Growth::data)))) {
        return to_response(no_room());
    }
    const RequestHeaders headers(request);
    auto location = location_of(service, headers, stream);
    auto parsed = parse_create(service, request, headers, std::move(stream));
    if (!parsed) return to_response(parsed.error());
    if (grows && !service.take(request, 1, body_bytes)) return to_response(over_quota());
    auto start = [&service, create = std::move(*parsed), location = std::move(location)](Respond respond) mutable {
        auto done = [service = service.shared_from_this(), location = std::move(location),
                     respond = std::move(respond)](Result<Created> created) {
            respond(service->finished(guarded(*service, [&] {
                return created ? created_response(*created, location) : to_response(created.error());
            })));
        };
        service.store.create(std::move(create), std::move(done));
    };
    return Pending{std::move(start)};
}

}  // namespace

Reply create(const Service& service, Request request, StreamPath stream) {
    const bool reads = request.header("stream-forked-from") != nullptr || limits_growth(service, request);
    if (!reads) return create_now(service, request, std::move(stream));
    const auto key = stream.text();
    auto shared = std::make_shared<Request>(std::move(request));
    return when_read(service, key,
                     [&service, shared, stream = std::move(stream)] { return create_now(service, *shared, stream); });
}

}  // namespace foldback::server::protocol
