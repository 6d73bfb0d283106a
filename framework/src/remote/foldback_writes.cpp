#include "remote/foldback_writes.hpp"

#include <algorithm>
#include <utility>

#include "remote/wire.hpp"

namespace foldback::remote {
namespace {

using client::ErrorCode;

/// How many positions an append takes.
std::uint64_t positions_of(const AppendRequest& request) { return request.messages.count(); }

Refused unknown(const Refused& last) {
    return {.reason = Refusal::outcome_unknown,
            .detail = "the answer to a write was lost, and whether it was made cannot be told: " + last.detail};
}

Call append_call(const std::vector<AppendRequest>& requests) {
    return {.method = Method::post,
            .path = "/v1/append",
            .headers = {{"content-type", "application/json"}},
            .body = appends_text(requests),
            .is_repeatable = is_made_once_at_most(requests)};
}

/// What to read of a part's place, from an offset of it on.
ReadRequest rest_of(const AppendRequest& request, const ReadFrom& from, std::size_t done) {
    ReadRequest rest{.stream = request.stream, .from = from, .renews_ttl = false};
    const auto left = request.messages.extent() - done;
    if (request.messages.framing() == Framing::json) {
        rest.max_messages = left;
    } else {
        rest.max_bytes = left;
    }
    return rest;
}

Call create_call(const CreateRequest& request) {
    Call call{.method = Method::put, .path = stream_url_path(request.stream)};
    const auto& config = request.config;
    if (!config.content_type.empty()) call.headers.emplace_back("content-type", config.content_type);
    if (config.ttl) call.headers.emplace_back("stream-ttl", std::to_string(config.ttl->count()));
    if (config.expires_at) call.headers.emplace_back("stream-expires-at", time_text(*config.expires_at));
    if (request.closed) call.headers.emplace_back("stream-closed", "true");
    if (request.fork) {
        call.headers.emplace_back("stream-forked-from", stream_url_path(request.fork->source));
        if (request.fork->at) call.headers.emplace_back("stream-fork-offset", offset_token(*request.fork->at));
        if (request.fork->sub_offset > 0)
            call.headers.emplace_back("stream-fork-sub-offset", std::to_string(request.fork->sub_offset));
    }
    if (request.initial.empty()) return call;
    const bool is_json = request.initial.framing() == Framing::json;
    call.body = is_json ? "[" + std::string(request.initial.joined()) + "]" : std::string(request.initial.joined());
    return call;
}

}  // namespace

std::string stream_url_path(const StreamPath& stream) {
    return "/v1/stream/" + client::detail::encode_path(stream.text());
}

Call info_call(const StreamPath& stream) { return {.path = stream_url_path(stream), .query = "view=info"}; }

Refused refusal_of(const Answer& answer) {
    const auto& error = answer.response.error();
    Refused refused{.reason = Refusal::unavailable, .detail = error.message};
    if (auto said = refusal_in(error)) refused = *std::move(said);
    if (error.code == ErrorCode::outcome_unknown) refused.reason = Refusal::outcome_unknown;
    if (error.code == ErrorCode::cancelled) refused.reason = Refusal::stopped;
    return refused;
}

Task<Result<ReadPage>> FoldbackWrites::read(const Call& call) {
    auto answer = co_await caller_.send(call);
    if (!answer.response) co_return refusal_of(answer);
    co_return read_page(std::move(answer.response->body));
}

Task<Result<StreamInfo>> FoldbackWrites::head(const StreamPath& stream) {
    const auto call = info_call(stream);
    const auto answer = co_await caller_.send(call);
    if (!answer.response) co_return refusal_of(answer);
    co_return read_info(answer.response->body);
}

Task<Result<std::vector<Appended>>> FoldbackWrites::append(std::vector<AppendRequest> requests) {
    Call call;
    try {
        call = append_call(requests);
    } catch (const std::invalid_argument& no_text) {
        co_return Refused{.reason = Refusal::bad_request, .detail = no_text.what()};
    }
    const auto answer = co_await caller_.send(call);
    if (answer.response) co_return read_appended(answer.response->body, requests.size());
    auto refused = refusal_of(answer);
    if (!answer.lost_one) co_return refused;
    co_return co_await settle(requests, std::move(refused));
}

/// An answer was lost, and to the same write sent again the server says no.
Task<Result<std::vector<Appended>>> FoldbackWrites::settle(const std::vector<AppendRequest>& requests,
                                                           Refused refused) {
    const bool has_answered = refused.reason != Refusal::unavailable && refused.reason != Refusal::outcome_unknown &&
                              refused.reason != Refusal::stopped;
    if (!has_answered) co_return unknown(refused);
    std::vector<Found> parts;
    std::vector<Appended> appended(requests.size());
    for (std::size_t i = 0; i != requests.size(); ++i) {
        if (!has_place(requests[i])) continue;
        const auto look = co_await look_at(requests[i]);
        parts.push_back(look.found);
        appended[i] = look.at;
    }
    const auto found = together(parts);
    if (found == Found::others && is_final(refused.reason)) co_return refused;
    if (found != Found::own) co_return unknown(refused);
    const bool is_whole = co_await fill_gaps(requests, appended);
    if (!is_whole) co_return unknown(refused);
    co_return appended;
}

Task<FoldbackWrites::Look> FoldbackWrites::look_at(const AppendRequest& request) {
    Look look;
    std::string there;
    std::uint64_t done = 0;
    auto from = place_of(request);
    const auto extent = request.messages.extent();
    while (done < extent) {
        const auto call = page_call(rest_of(request, from, done));
        const auto page = co_await read(call);
        if (!page) {
            look.found = recognise(request, page.error());
            co_return look;
        }
        if (done == 0) look.at.first = page->start;
        if (done == 0 && !page->runs.empty()) look.at.first_position = page->runs.front().first_position;
        for (const auto& run : page->runs) {
            if (!there.empty() && page->framing == Framing::json) there += ',';
            there += run.data;
        }
        done = page->next.offset.value - look.at.first.offset.value;
        look.at.next = page->next;
        from = page->next;
        if (page->up_to_date || page->runs.empty()) break;
    }
    look.found = recognise(request.messages, there);
    look.at.next_position.value = look.at.first_position.value + positions_of(request);
    look.at.closed = request.close;
    if (request.producer) look.at.producer_seq = request.producer->seq;
    co_return look;
}

/// The parts of one append lie one after another in the store: where one is, all are.
Task<bool> FoldbackWrites::fill_gaps(const std::vector<AppendRequest>& requests, std::vector<Appended>& appended) {
    const auto placed = std::find_if(requests.begin(), requests.end(), has_place) - requests.begin();
    for (auto i = static_cast<std::size_t>(placed); i-- > 0;) {
        appended[i].next_position = appended[i + 1].first_position;
        appended[i].first_position.value = appended[i].next_position.value - positions_of(requests[i]);
    }
    for (std::size_t i = 0; i != requests.size(); ++i) {
        if (has_place(requests[i])) continue;
        if (i > static_cast<std::size_t>(placed)) {
            appended[i].first_position = appended[i - 1].next_position;
            appended[i].next_position.value = appended[i].first_position.value + positions_of(requests[i]);
        }
        const auto located = co_await locate(requests[i], appended[i]);
        if (!located) co_return false;
        appended[i] = *located;
    }
    co_return true;
}

/// Where a part lies in its stream that did not say it.
Task<std::optional<Appended>> FoldbackWrites::locate(const AppendRequest& request, Appended at) {
    at.closed = request.close;
    if (request.producer) at.producer_seq = request.producer->seq;
    if (request.messages.empty()) {
        const auto info = co_await head(request.stream);
        if (info) {
            at.first = at.next = info->tail;
            at.closed = info->closed;
        }
        co_return at;
    }
    const auto call = feed_call({.from = at.first_position, .max_messages = 1});
    auto answer = co_await caller_.send(call);
    if (!answer.response) co_return std::nullopt;
    const auto page = read_feed_page(std::move(answer.response->body));
    if (page.messages.empty() || page.messages.front().stream != request.stream.text()) co_return std::nullopt;
    at.first = at.next = page.messages.front().offset;
    at.next.offset.value += request.messages.extent();
    co_return at;
}

Task<Result<Created>> FoldbackWrites::create(CreateRequest request) {
    const bool is_of_type = co_await may_begin_with(request);
    if (!is_of_type) co_return Refused{.reason = Refusal::content_type, .detail = "the data is of another type"};
    const auto call = create_call(request);
    const auto answer = co_await caller_.send(call);
    if (answer.response) co_return co_await created(request, answer);
    auto refused = refusal_of(answer);
    if (refused.reason == Refusal::exists) {  // with another configuration: not created by this
        const auto info = co_await head(request.stream);
        if (info) {
            refused.tail = info->tail;
            refused.first = info->first;
            refused.closed = info->closed;
        }
        co_return refused;
    }
    if (answer.lost_one) co_return unknown(refused);
    co_return refused;
}

/// Whether the first content is divided as the stream's type says; the server sees only bytes.
Task<bool> FoldbackWrites::may_begin_with(const CreateRequest& request) {
    if (request.initial.empty()) co_return true;
    auto type = request.config.content_type;
    if (type.empty() && request.fork) {
        const auto source = co_await head(request.fork->source);
        if (!source) co_return true;  // as the server will say
        type = source->config.content_type;
    }
    co_return framing_of(type) == request.initial.framing();
}

Task<Result<Created>> FoldbackWrites::created(const CreateRequest& request, const Answer& answer) {
    const auto tail = point_in(answer.response->header("stream-next-offset"));
    Created outcome{.created = answer.response->status == 201,
                    .info = {.stream = request.stream,
                             .incarnation = tail.incarnation,
                             .config = request.config,
                             .tail = tail,
                             .closed = answer.response->says_true("stream-closed")}};
    auto info = co_await head(request.stream);
    if (info) outcome.info = *std::move(info);  // unless it is over already
    if (outcome.created || !answer.lost_one || request.initial.empty()) co_return outcome;
    // Found there, but perhaps by an attempt of ours whose answer was lost.
    const AppendRequest first{.stream = request.stream, .messages = request.initial, .expected = Offset{}};
    const auto look = co_await look_at(first);
    if (look.found == Found::others) co_return outcome;
    outcome.created = true;
    if (look.found == Found::own) co_return outcome;
    const Refused refused{.detail = "the stream is there with the same content"};
    co_return unknown(refused);
}

Task<Result<std::monostate>> FoldbackWrites::remove(StreamPath stream) {
    const Call call{.method = Method::remove, .path = stream_url_path(stream)};
    const auto answer = co_await caller_.send(call);
    if (answer.response) co_return std::monostate();
    auto refused = refusal_of(answer);
    const bool is_gone = refused.reason == Refusal::not_found || refused.reason == Refusal::gone;
    if (answer.lost_one && is_gone) co_return std::monostate();
    if (answer.lost_one) co_return unknown(refused);
    co_return refused;
}

Task<Result<Offset>> FoldbackWrites::truncate_before(StreamPath stream, Offset offset) {
    const auto where = page_call({.stream = stream, .from = offset, .max_messages = 0, .renews_ttl = false});
    const auto page = co_await read(where);
    if (!page && page.error().reason == Refusal::truncated) co_return page.error().first;
    if (!page) co_return page.error();
    const Call call{.method = Method::post,
                    .path = stream_url_path(stream),
                    .headers = {{"stream-truncate-before", offset_token(page->start)}}};
    const auto answer = co_await caller_.send(call);
    if (!answer.response) co_return refusal_of(answer);
    const auto info = co_await head(stream);
    if (!info) co_return info.error();
    co_return info->first;
}

}  // namespace foldback::remote
