#include <array>
#include <utility>

#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/refusal_response.hpp"
#include "protocol/when_read.hpp"

namespace foldback::server::protocol {

namespace {

/// Headers that mean something else on a POST; whoever sends them beside a truncation is mistaken about one of the two.
constexpr std::array appending_headers{Header::if_match,     Header::producer_epoch, Header::producer_id,
                                       Header::producer_seq, Header::stream_closed,  Header::stream_seq};

Parsed<ReadFrom> parse_place(const Request& request) {
    const RequestHeaders headers(request);
    if (auto problem = headers.repetition()) return std::move(*problem);
    if (!request.body.empty()) return bad_request("contradictory-conditions", "A truncation has no body.");
    for (const auto header : appending_headers) {
        if (!headers.has(header)) continue;
        return bad_request("contradictory-conditions",
                           "Stream-Truncate-Before excludes " + std::string(name_of(header)) + ".");
    }
    const auto& text = *headers[Header::stream_truncate_before];
    if (text == "now") return ReadFrom(FromTail{});
    const auto point = parse_offset_token(text);
    if (!point) return bad_request("bad-offset", "Stream-Truncate-Before must be an offset of the stream, or now.");
    if (is_start_of_any_stream(*point)) return ReadFrom(FromStart{});
    return ReadFrom(*point);
}

Response truncated_response(const std::optional<StreamPoint>& first) {
    Response response;
    response.status = 204;
    response.set("cache-control", "no-store");
    if (first) response.set("stream-first-offset", offset_token(*first));
    return response;
}

Reply pending_truncation(const Service& service, StreamPath stream, StreamPoint point) {
    return Pending{[&service, stream = std::move(stream), point](Respond respond) {
        auto done = [service = service.shared_from_this(), point, respond = std::move(respond)](Result<Offset> first) {
            respond(service->finished(guarded(*service, [&] {
                if (!first) return to_response(first.error());
                // Another truncation may have gone further meanwhile.
                return truncated_response(*first == point.offset ? std::optional(point) : std::nullopt);
            })));
        };
        service.store.truncate_before(stream, point.offset, std::move(done));
    }};
}

}  // namespace

/// The read finds out whether the offset is one of this stream, or of a deleted namesake.
Reply truncate(const Service& service, const Request& request, StreamPath stream) {
    const auto place = parse_place(request);
    if (!place) return to_response(place.error());
    if (service.is_held(stream)) return to_response(held_problem());
    const auto key = stream.text();
    return when_read(service, key, [&service, from = *place, stream = std::move(stream)]() -> Reply {
        const auto page = service.store.read(
            {.stream = stream, .from = from, .max_bytes = 1, .max_messages = 1, .renews_ttl = false});
        if (page) return pending_truncation(service, stream, page->start);
        if (page.error().reason == Refusal::truncated) return truncated_response(std::nullopt);
        return to_response(page.error());
    });
}

}  // namespace foldback::server::protocol
