#include "remote/protocol_streams.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "remote/protocol_page.hpp"
#include "remote/wire.hpp"

namespace foldback::remote {
namespace {

using client::ErrorCode;

std::string path_of(const StreamPath& stream) { return "/" + client::detail::encode_path(stream.text()); }

/// Of what is there now: a server of the protocol lets caches on the way keep what ends at the tail, too (PROTOCOL §10.1).
Call read_call(const StreamPath& stream, std::string_view token) {
    Call call{.path = path_of(stream), .headers = {{"cache-control", "no-cache"}}};
    client::detail::add_parameter(call.query, "offset", token);
    return call;
}

Refused missing_or(Refused refused) {
    if (refused.reason == Refusal::bad_request)
        refused.reason = Refusal::bad_offset;  // an offset that is none any more
    return refused;
}

}  // namespace

Refused protocol_refusal(const Answer& answer) {
    const auto& error = answer.response.error();
    Refused refused{.reason = Refusal::unavailable, .detail = error.message};
    switch (error.code) {
        case ErrorCode::not_found: refused.reason = Refusal::not_found; break;
        case ErrorCode::gone: refused.reason = Refusal::gone; break;
        case ErrorCode::conflict: refused.reason = Refusal::content_type; break;
        case ErrorCode::closed: refused.reason = Refusal::closed; break;
        case ErrorCode::stream_seq: refused.reason = Refusal::stream_seq; break;
        case ErrorCode::stale_epoch: refused.reason = Refusal::stale_epoch; break;
        case ErrorCode::sequence_gap: refused.reason = Refusal::sequence_gap; break;
        case ErrorCode::too_large:
        case ErrorCode::invalid_argument:
        case ErrorCode::bad_request: refused.reason = Refusal::bad_request; break;
        case ErrorCode::outcome_unknown: refused.reason = Refusal::outcome_unknown; break;
        case ErrorCode::cancelled: refused.reason = Refusal::stopped; break;
        default: break;
    }
    refused.closed = error.stream_is_closed;
    refused.producer_epoch = error.current_epoch.value_or(0);
    refused.expected_seq = error.expected_seq.value_or(0);
    refused.received_seq = error.received_seq.value_or(0);
    return refused;
}

std::string next_offset_in(const Response& response) {
    try {
        return client::Offset(response.header("stream-next-offset")).text();
    } catch (const std::invalid_argument&) {
        throw StorageError("the server does not say where what it sent ends");
    }
}

/// Reads on from the nearest known place at or before `from`. When the server does not know that place any more, which happens
/// once at most, everything is read again from the beginning: `began_again` says so to the caller's next turn.
Task<Result<ProtocolStreams::Fetched>> ProtocolStreams::fetch(const StreamPath& stream, std::uint64_t from,
                                                              bool& began_again) {
    const auto [first, token] = places_.of(stream.text()).before(from);
    const auto call = read_call(stream, token);
    auto answer = co_await caller_.send(call);
    const bool may_be_of_a_namesake =
        !answer.response && first != 0 && !began_again && answer.response.error().status / 100 == 4;
    if (!may_be_of_a_namesake) co_return co_await take(stream, first, std::move(answer));
    began_again = true;
    places_.forget(stream.text());
    const auto again = read_call(stream, "-1");
    answer = co_await caller_.send(again);
    co_return co_await take(stream, 0, std::move(answer));
}

Task<Result<ProtocolStreams::Fetched>> ProtocolStreams::take(const StreamPath& stream, std::uint64_t from,
                                                             Answer answer) {
    if (!answer.response) {
        places_.forget(stream.text());
        co_return missing_or(protocol_refusal(answer));
    }
    auto& response = *answer.response;
    auto next_offset = next_offset_in(response);
    auto& known = places_.of(stream.text());
    if (const auto type = response.header("content-type"); !type.empty()) known.content_type = type;
    Fetched fetched{.first = from};
    if (!response.body.empty() && framing_of(known.content_type) == Framing::json) {
        auto messages = Messages::json(response.body, {.max_depth = 16'384, .max_messages = SIZE_MAX});
        if (!messages) throw StorageError("the server sent what is no JSON: " + messages.error().problem);
        fetched.messages = std::move(*messages);
    } else {
        fetched.messages = Messages::bytes(std::move(response.body));
    }
    fetched.end = from + fetched.messages.extent();
    fetched.up_to_date = response.says_true("stream-up-to-date") || response.says_true("stream-closed");
    if (fetched.end == from) fetched.up_to_date = true;  // nothing was there to be read
    known.note(fetched.end, std::move(next_offset));
    if (fetched.up_to_date) {
        known.tail = fetched.end;
        known.closed = response.says_true("stream-closed");
    }
    co_return fetched;
}

Task<Result<std::uint64_t>> ProtocolStreams::look_for_tail(const StreamPath& stream) {
    auto from = UINT64_MAX;
    bool began_again = false;
    for (;;) {
        const auto fetched = co_await fetch(stream, from, began_again);
        if (!fetched) co_return fetched.error();
        if (fetched->up_to_date) co_return fetched->end;
        from = fetched->end;
    }
}

Task<Result<ReadPage>> ProtocolStreams::read(ReadRequest request) {
    std::uint64_t from = 0;
    if (const auto* offset = std::get_if<Offset>(&request.from)) from = offset->value;
    if (std::holds_alternative<FromTail>(request.from)) {
        const auto tail = co_await look_for_tail(request.stream);
        if (!tail) co_return tail.error();
        from = *tail;
    }
    if (const auto* point = std::get_if<StreamPoint>(&request.from)) {
        if (point->incarnation != only_incarnation)
            co_return Refused{.reason = Refusal::bad_offset, .detail = "the offset is of another stream"};
        from = point->offset.value;
    }
    bool began_again = false;
    for (auto place = from;;) {
        const auto fetched = co_await fetch(request.stream, place, began_again);
        if (!fetched) co_return fetched.error();
        if (fetched->end < from && fetched->up_to_date)
            co_return Refused{.reason = Refusal::bad_offset,
                              .detail = "the offset lies beyond the tail",
                              .tail = point_at(fetched->end)};
        if (fetched->end < from || (fetched->end == from && !fetched->up_to_date)) {
            place = fetched->end;
            continue;
        }
        const auto& known = places_.of(request.stream.text());
        ReadPage page;
        page.content_type = known.content_type;
        page.framing = framing_of(page.content_type);
        page.incarnation = only_incarnation;
        fill_page(page, fetched->messages, fetched->first, from, request);
        page.tail = point_at(fetched->end);
        page.up_to_date = fetched->up_to_date && page.next == page.tail;
        page.closed = known.closed;
        co_return page;
    }
}

Task<Result<StreamInfo>> ProtocolStreams::head(StreamPath stream) {
    const Call call{.method = Method::head, .path = path_of(stream)};
    const auto answer = co_await caller_.send(call);
    if (!answer.response) {
        places_.forget(stream.text());
        co_return protocol_refusal(answer);
    }
    StreamInfo info{.stream = stream, .incarnation = only_incarnation};
    info.config.content_type = answer.response->header("content-type");
    info.closed = answer.response->says_true("stream-closed");
    const auto ttl = answer.response->header("stream-ttl");
    std::int64_t seconds = 0;
    if (!ttl.empty() && std::from_chars(ttl.data(), ttl.data() + ttl.size(), seconds).ec == std::errc{})
        info.config.ttl = std::chrono::seconds(seconds);
    const auto tail = co_await look_for_tail(stream);
    if (!tail) co_return tail.error();
    info.tail = point_at(*tail);
    co_return info;
}

Task<Result<Created>> ProtocolStreams::create(CreateRequest request) {
    if (!request.initial.empty() && framing_of(request.config.content_type) != request.initial.framing())
        co_return Refused{.reason = Refusal::content_type, .detail = "the data is of another type"};
    Call call{.method = Method::put, .path = path_of(request.stream)};
    const auto& config = request.config;
    const auto type = config.content_type.empty() ? StreamConfig().content_type : config.content_type;
    call.headers.emplace_back("content-type", type);
    if (config.ttl) call.headers.emplace_back("stream-ttl", std::to_string(config.ttl->count()));
    if (config.expires_at) call.headers.emplace_back("stream-expires-at", time_text(*config.expires_at));
    if (request.closed) call.headers.emplace_back("stream-closed", "true");
    if (!request.initial.empty()) {
        const std::string joined(request.initial.joined());
        call.body = request.initial.framing() == Framing::json ? "[" + joined + "]" : joined;
    }
    const auto answer = co_await caller_.send(call);
    if (!answer.response) {
        auto refused = protocol_refusal(answer);
        if (refused.reason == Refusal::content_type || refused.reason == Refusal::closed)
            refused.reason = Refusal::exists;
        const auto tail = co_await look_for_tail(request.stream);
        if (tail) refused.tail = point_at(*tail);
        co_return refused;
    }
    const bool is_new = answer.response->status == 201;
    if (is_new) places_.forget(request.stream.text());
    const auto info = co_await head(request.stream);
    if (!info) co_return info.error();
    if (!is_new && answer.lost_one && !request.initial.empty())
        co_return Refused{.reason = Refusal::outcome_unknown, .detail = "the answer to the creation was lost"};
    co_return Created{is_new, *info};
}

Task<Result<std::monostate>> ProtocolStreams::remove(StreamPath stream) {
    const Call call{.method = Method::remove, .path = path_of(stream)};
    const auto answer = co_await caller_.send(call);
    places_.forget(stream.text());
    if (answer.response) co_return std::monostate();
    const auto refused = protocol_refusal(answer);
    if (answer.lost_one && refused.reason == Refusal::not_found) co_return std::monostate();
    co_return refused;
}

Task<void> ProtocolStreams::wait_beyond(StreamPath stream, Offset beyond, std::stop_token stop) {
    constexpr std::chrono::milliseconds pause_after_failure{200};
    std::string cursor;
    while (!stop.stop_requested() && !caller_.is_stopped()) {
        const auto tail = co_await look_for_tail(stream);
        const bool is_missing = !tail && tail.error().reason != Refusal::unavailable;
        if (is_missing || (tail && (*tail > beyond.value || places_.of(stream.text()).closed))) co_return;
        if (!tail) {
            co_await caller_.sleep(pause_after_failure);
            continue;
        }
        const auto [count, token] = places_.of(stream.text()).before(*tail);
        Call call{.path = path_of(stream), .query = "live=long-poll", .waits = true, .stop = stop};
        client::detail::add_parameter(call.query, "offset", token);
        if (!cursor.empty()) client::detail::add_parameter(call.query, "cursor", cursor);
        const auto answer = co_await caller_.send(call);
        if (answer.response) cursor = answer.response->header("stream-cursor");
        if (!answer.response) co_await caller_.sleep(pause_after_failure);
    }
}

}  // namespace foldback::remote
