#include <cstdint>
#include <utility>

#include "protocol/authorise.hpp"
#include "protocol/condition.hpp"
#include "protocol/entity_tag.hpp"
#include "protocol/header_values.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/read_pool.hpp"
#include "protocol/refusal_response.hpp"
#include "protocol/when_read.hpp"

namespace foldback::server::protocol {

namespace {

struct ParsedAppend {
    AppendRequest append;
    std::optional<Condition> condition;
};

Parsed<ParsedAppend> parse_headers(const RequestHeaders& headers, StreamPath stream) {
    if (auto problem = headers.repetition()) return std::move(*problem);
    if (auto problem = encoded_body(headers)) return std::move(*problem);
    auto producer = parse_producer(headers);
    if (!producer) return producer.error();
    auto stream_seq = parse_stream_seq(headers);
    if (!stream_seq) return stream_seq.error();
    auto condition = parse_condition(headers);
    if (!condition) return condition.error();
    if (*condition && *producer) {
        return bad_request("contradictory-conditions", "If-Match and producer headers exclude each other.");
    }
    return ParsedAppend{.append = {.stream = std::move(stream),
                                   .producer = std::move(*producer),
                                   .stream_seq = std::move(*stream_seq),
                                   .close = is_closed_marker(headers[Header::stream_closed])},
                        .condition = *condition};
}

/// Reads the body into the request. Only a close may have none; its content type does not matter then.
std::optional<Problem> parse_body(const ApiOptions& options, const RequestHeaders& headers, std::string body,
                                  AppendRequest& append) {
    if (body.empty()) {
        if (append.close) return std::nullopt;
        return bad_request("empty-body", "An append needs a body, unless Stream-Closed is true.");
    }
    const auto* type = headers[Header::content_type];
    if (type == nullptr) return bad_request("missing-content-type", "An append needs a Content-Type.");
    if (!is_content_type(*type)) return bad_request("bad-header", "Content-Type must be a media type.");
    append.content_type = *type;
    if (framing_of(*type) == Framing::bytes) {
        append.messages = Messages::bytes(std::move(body));
        return std::nullopt;
    }
    auto messages = parse_json_body(body, options);
    if (!messages) return messages.error();
    if (messages->empty()) return bad_request("empty-batch", "The body is an empty array: there is nothing to append.");
    append.messages = std::move(*messages);
    return std::nullopt;
}

/// A bad body matters only on a stream that would take a good one (PROTOCOL §5.2 "Error Precedence").
Response refuse_body(const Service& service, const AppendRequest& append, const Problem& problem) {
    if (append.content_type.empty()) return to_response(problem);
    const auto info = service.store.head(append.stream);
    if (!info) return to_response(info.error());
    if (info->closed) return to_response(Refused{.reason = Refusal::closed, .tail = info->tail, .closed = true});
    if (media_type_of(append.content_type) != media_type_of(info->config.content_type)) {
        return to_response(Refused{.reason = Refusal::content_type});
    }
    return to_response(problem);
}

/// The answer to a writer whose offset is already known to be wrong. What comes before that in the order of checks is
/// left to the store, and so is the decision when the tail is still there.
std::optional<Response> refuse_stale(const Service& service, const ParsedAppend& parsed) {
    const auto& append = parsed.append;
    const auto info = service.store.head(append.stream);
    if (!info) return to_response(info.error());
    const bool is_of_type =
        append.messages.empty() || media_type_of(append.content_type) == media_type_of(info->config.content_type);
    if (info->closed || !is_of_type || holds(*parsed.condition, info->tail)) return std::nullopt;
    return precondition_failed(service, append.stream, *parsed.condition,
                               {.reason = Refusal::offset_mismatch, .tail = info->tail});
}

Response appended_response(const Appended& appended, const std::optional<std::uint64_t>& epoch, bool has_data) {
    Response response;
    response.headers.reserve(10);
    const auto next = offset_token(appended.next);
    response.status = epoch && has_data && !appended.duplicate ? 200 : 204;
    response.set("stream-next-offset", next);
    response.set("etag", tail_tag(appended.next));
    response.set("cache-control", "no-store");
    if (appended.closed) response.set("stream-closed", "true");
    if (epoch) {
        response.set("producer-epoch", std::to_string(*epoch));
        response.set("producer-seq", std::to_string(appended.producer_seq));
    }
    return response;
}

/// Answers with what the writer missed, read on a thread that may read.
void answer_with_missed(const Service& service, StreamPath stream, Condition condition, Refused refused,
                        const Respond& respond) {
    auto plain = service.finished(to_response(refused));
    const auto key = stream.text();
    auto answer = [&service, stream = std::move(stream), condition, refused = std::move(refused), respond] {
        respond(service.finished(
            guarded(service, [&] { return precondition_failed(service, stream, condition, refused); })));
    };
    if (!service.reads->run(key, std::move(answer))) respond(std::move(plain));
}

void start_append(const Service& service, ParsedAppend parsed, Respond respond) {
    std::optional<std::uint64_t> epoch;
    if (parsed.append.producer) epoch = parsed.append.producer->epoch;
    const bool has_data = !parsed.append.messages.empty();
    std::optional<std::pair<StreamPath, Condition>> resumable;
    if (parsed.condition && parsed.condition->wants_missed_events) {
        resumable.emplace(parsed.append.stream, *parsed.condition);
    }
    auto done = [service = service.shared_from_this(), epoch, has_data, resumable = std::move(resumable),
                 respond = std::move(respond)](Result<Appended> appended) {
        if (!appended && appended.error().reason == Refusal::offset_mismatch && resumable) {
            answer_with_missed(*service, resumable->first, resumable->second, appended.error(), respond);
            return;
        }
        respond(service->finished(guarded(*service, [&] {
            return appended ? appended_response(*appended, epoch, has_data) : to_response(appended.error());
        })));
    };
    service.store.append(std::move(parsed.append), std::move(done));
}

Reply pending_append(const Service& service, ParsedAppend parsed) {
    return Pending{[&service, parsed = std::move(parsed)](Respond respond) mutable {
        start_append(service, std::move(parsed), std::move(respond));
    }};
}

/// The append, or what can be said without it when the writer's offset is wrong already.
Reply append_at_condition(const Service& service, ParsedAppend& parsed) {
    if (auto refused = refuse_stale(service, parsed)) return std::move(*refused);
    const auto& tail = parsed.condition->tail;
    if (tail && !is_start_of_any_stream(*tail)) {
        parsed.append.expected_point = *tail;
    } else {
        parsed.append.expected = tail ? Offset{0} : Offset{UINT64_MAX};  // which no stream reaches
    }
    return pending_append(service, std::move(parsed));
}

}  // namespace

Reply append(const Service& service, Request request, StreamPath stream) {
    const RequestHeaders headers(request);
    auto parsed = parse_headers(headers, std::move(stream));
    if (!parsed) return to_response(parsed.error());
    const auto path = parsed->append.stream.text();
    if (auto& producer = parsed->append.producer) producer->id = scoped_producer(request, producer->id);
    if (parsed->condition && !may(request, Verb::read, path)) parsed->condition->wants_missed_events = false;
    const auto body_bytes = request.body.size();
    if (auto problem = parse_body(service.options, headers, std::move(request.body), parsed->append)) {
        return when_read(service, path, [&service, append = parsed->append, problem = std::move(*problem)] {
            return Reply(refuse_body(service, append, problem));
        });
    }
    if (!parsed->append.messages.empty() && !service.has_room(Growth::data)) return to_response(no_room());
    if (!service.take(request, 0, body_bytes)) return to_response(over_quota());
    if (!parsed->condition) return pending_append(service, std::move(*parsed));
    auto shared = std::make_shared<ParsedAppend>(std::move(*parsed));
    return when_read(service, path, [&service, shared] { return append_at_condition(service, *shared); });
}

}  // namespace foldback::server::protocol
