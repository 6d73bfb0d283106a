#include <utility>

#include "remote/protocol_page.hpp"
#include "remote/protocol_streams.hpp"
#include "remote/wire.hpp"

/// Appends by the Stream-Seq scheme.
namespace foldback::remote {
namespace {

constexpr int max_races = 1'000;  ///< of an append that may lie anywhere

std::string sequence_text(std::uint64_t at) {
    auto digits = std::to_string(at);
    return std::string(20 - digits.size(), '0') + digits;
}

Refused elsewhere(std::uint64_t tail, bool closed) {
    return {.reason = Refusal::offset_mismatch,
            .detail = "the stream ends at " + std::to_string(tail),
            .tail = point_at(tail),
            .closed = closed};
}

Refused unknown() {
    return {.reason = Refusal::outcome_unknown,
            .detail = "the answer to an append was lost, and whether it was made cannot be told"};
}

/// The offset that a writer believes in; absent: any.
std::optional<std::uint64_t> expected_in(const AppendRequest& request) {
    if (request.expected_point) return request.expected_point->offset.value;
    if (request.expected) return request.expected->value;
    return std::nullopt;
}

}  // namespace

Task<Result<Appended>> ProtocolStreams::append(AppendRequest request) {
    auto refused = co_await refuse_before_sending(request);
    if (refused) co_return *refused;
    if (request.messages.empty()) co_return co_await close(request.stream);
    Try attempt{.request = std::move(request)};
    co_return co_await append_at_tail(std::move(attempt));
}

/// Sees to it that the stream is there, of the right type, and open.
Task<std::optional<Refused>> ProtocolStreams::refuse_before_sending(const AppendRequest& request) {
    if (request.messages.empty() && (!request.close || expected_in(request) || request.producer))
        co_return Refused{.detail = "this server closes without data only unconditionally, and appends only data"};
    if (request.expected_point && request.expected_point->incarnation != only_incarnation)
        co_return elsewhere(0, false);
    auto tail = co_await look_for_tail(request.stream);
    if (!tail && tail.error().reason == Refusal::not_found && request.create_with) {
        auto refused = co_await create_for(request);
        if (refused) co_return refused;
        tail = co_await look_for_tail(request.stream);
    }
    if (!tail) co_return tail.error();
    const auto known = places_.of(request.stream.text());
    if (known.closed && (!request.messages.empty() || !request.close) && !request.producer)
        co_return Refused{.reason = Refusal::closed, .tail = point_at(*tail), .closed = true};
    if (request.messages.empty()) co_return std::nullopt;
    const bool same_type =
        request.content_type.empty() || media_type_of(request.content_type) == media_type_of(known.content_type);
    if (!same_type || request.messages.framing() != framing_of(known.content_type))
        co_return Refused{.reason = Refusal::content_type, .detail = "the stream holds " + known.content_type};
    co_return std::nullopt;
}

Task<std::optional<Refused>> ProtocolStreams::create_for(const AppendRequest& request) {
    const auto& config = *request.create_with;
    if (expected_in(request).value_or(0) != 0 || request.expected_point) co_return elsewhere(0, false);
    const bool same_type =
        request.content_type.empty() || media_type_of(request.content_type) == media_type_of(config.content_type);
    const bool is_of_type = request.messages.empty() || request.messages.framing() == framing_of(config.content_type);
    if (!same_type || !is_of_type)
        co_return Refused{.reason = Refusal::content_type, .detail = "the data is of another type"};
    if (request.producer && request.producer->seq != 0)
        co_return Refused{.reason = Refusal::sequence_gap, .received_seq = request.producer->seq};
    CreateRequest creation{.stream = request.stream, .config = config};
    const auto created = co_await create(std::move(creation));
    // One that is there by now, whatever it is like, is for the append to judge.
    if (created || created.error().reason == Refusal::exists) co_return std::nullopt;
    co_return created.error();
}

Task<Result<Appended>> ProtocolStreams::append_at_tail(Try attempt) {
    const auto& request = attempt.request;
    const auto expected = expected_in(request);
    for (int race = 0; race != max_races; ++race) {
        const auto tail = places_.of(request.stream.text()).tail;
        if (!tail) co_return unknown();
        // A producer's duplicate is the server's to find, so a stale one is sent; a place beyond the tail never is.
        const bool may_be_sent = !expected || *expected == *tail || (request.producer && *expected < *tail);
        if (!may_be_sent) co_return elsewhere(*tail, places_.of(request.stream.text()).closed);
        attempt.at = expected.value_or(*tail);
        const auto answer = co_await post(attempt);
        if (answer.response) co_return co_await accepted(attempt, answer);
        attempt.lost_one = attempt.lost_one || answer.lost_one;
        auto refused = protocol_refusal(answer);
        // Nothing else of such a request can be malformed (PROTOCOL §5.2.1).
        if (refused.reason == Refusal::bad_request && request.producer && request.producer->seq != 0)
            refused.reason = Refusal::epoch_start;
        const auto seen = co_await look_for_tail(request.stream);
        if (attempt.lost_one) {
            if (!seen) co_return unknown();
            const auto found = co_await look_at(attempt);
            if (found == Found::own)
                co_return Appended{.first = point_at(attempt.at),
                                   .next = point_at(attempt.at + request.messages.extent()),
                                   .closed = request.close};
            const bool is_decided = refused.reason == Refusal::stream_seq || refused.reason == Refusal::closed;
            if (found != Found::others || !is_decided) co_return unknown();
            attempt.lost_one = false;  // not made, and never will be: its number is too small now
        }
        if (seen) refused.tail = point_at(*seen);
        if (refused.reason != Refusal::stream_seq) co_return refused;
        if (expected) co_return elsewhere(seen ? *seen : attempt.at, refused.closed);
    }
    co_return Refused{.reason = Refusal::busy, .detail = "others append to the stream all the time"};
}

Task<Answer> ProtocolStreams::post(const Try& attempt) {
    const auto& request = attempt.request;
    const std::string joined(request.messages.joined());
    const auto known = places_.of(request.stream.text());
    Call call{.method = Method::post,
              .path = "/" + client::detail::encode_path(request.stream.text()),
              .headers = {{"content-type", known.content_type}, {"stream-seq", sequence_text(attempt.at)}},
              .body = request.messages.framing() == Framing::json ? "[" + joined + "]" : joined};
    if (request.close) call.headers.emplace_back("stream-closed", "true");
    if (request.producer) {
        call.headers.emplace_back("producer-id", request.producer->id);
        call.headers.emplace_back("producer-epoch", std::to_string(request.producer->epoch));
        call.headers.emplace_back("producer-seq", std::to_string(request.producer->seq));
    }
    co_return co_await caller_.send(call);
}

Task<Result<Appended>> ProtocolStreams::accepted(const Try& attempt, const Answer& answer) {
    const auto& request = attempt.request;
    const auto& response = *answer.response;
    Appended appended{.first = point_at(attempt.at), .next = point_at(attempt.at + request.messages.extent())};
    appended.closed = response.says_true("stream-closed");
    if (request.producer) appended.producer_seq = request.producer->seq;
    if (request.producer && response.status == 204) {
        if (response.header("producer-epoch").empty()) (void)next_offset_in(response);
        appended.duplicate = true;
        const auto tail = co_await look_for_tail(request.stream);
        if (!tail) co_return tail.error();
        appended.first = appended.next = point_at(*tail);
        co_return appended;
    }
    auto next_offset = next_offset_in(response);
    auto& known = places_.of(request.stream.text());
    known.tail = appended.next.offset.value;
    known.closed = appended.closed;
    known.note(*known.tail, std::move(next_offset));
    co_return appended;
}

/// What lies at the place of an append.
Task<Found> ProtocolStreams::look_at(const Try& attempt) {
    std::string there;
    const auto& messages = attempt.request.messages;
    const auto end = attempt.at + messages.extent();
    for (auto from = attempt.at; from < end;) {
        ReadRequest request{.stream = attempt.request.stream, .from = Offset{from}, .max_bytes = SIZE_MAX};
        (messages.framing() == Framing::json ? request.max_messages : request.max_bytes) = end - from;
        const auto page = co_await read(std::move(request));
        if (!page) co_return recognise(attempt.request, page.error());
        for (const auto& run : page->runs) {
            if (!there.empty() && page->framing == Framing::json) there += ',';
            there += run.data;
        }
        from = page->next.offset.value;
        if (page->up_to_date) break;
    }
    if (messages.framing() == Framing::bytes) co_return recognise(messages, there);
    const auto found = Messages::json("[" + there + "]", {.max_depth = 16'384, .max_messages = SIZE_MAX});
    co_return found ? recognise_events(messages, *found) : Found::alike;
}

Task<Result<Appended>> ProtocolStreams::close(StreamPath stream) {
    const Call call{.method = Method::post,
                    .path = "/" + client::detail::encode_path(stream.text()),
                    .headers = {{"stream-closed", "true"}}};
    const auto answer = co_await caller_.send(call);
    if (!answer.response) co_return protocol_refusal(answer);
    const auto tail = co_await look_for_tail(stream);
    if (!tail) co_return tail.error();
    co_return Appended{.first = point_at(*tail), .next = point_at(*tail), .closed = true};
}

}  // namespace foldback::remote
