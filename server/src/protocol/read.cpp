#include <utility>
#include <variant>

#include "protocol/entity_tag.hpp"
#include "protocol/live_source.hpp"
#include "protocol/operations.hpp"
#include "protocol/read_query.hpp"
#include "protocol/read_response.hpp"
#include "protocol/refusal_response.hpp"

namespace foldback::server::protocol {

namespace {

TailCaching tail_caching(const StreamQuery& query) {
    if (query.from_now) return TailCaching::never;
    const bool names_offset = std::holds_alternative<StreamPoint>(query.from);
    return query.live == Live::long_poll && names_offset ? TailCaching::keep : TailCaching::revalidate;
}

Response catch_up(const Service& service, const Reader& reader, const StreamQuery& query) {
    auto page = service.store.read({.stream = reader.stream,
                                    .from = query.from,
                                    .direction = query.direction,
                                    .max_bytes = service.options.max_response_bytes,
                                    .max_messages = query.limit});
    if (!page) return to_response(page.error());
    const bool counts_messages = query.direction == Direction::backward || query.limit != SIZE_MAX;
    if (counts_messages && page->framing != Framing::json) {
        return to_response(bad_request("not-json", "Only JSON streams can be read backward or by number of messages."));
    }
    if (query.from_now) return tail_response(*page);
    if (!reader.if_none_match.empty() && names_tag(reader.if_none_match, read_tag(*page, query.direction))) {
        return not_modified(service, reader, *page, query.direction);
    }
    return read_response(service, reader, std::move(*page), query.direction);
}

}  // namespace

Reply read(const Service& service, const Request& request, StreamPath stream, const Query& query) {
    const auto view = parse_view(query);
    if (!view) return to_response(view.error());
    if (*view != nullptr) return read_view(service, std::move(stream), query, **view);
    const auto parsed = parse_stream_query(query);
    if (!parsed) return to_response(parsed.error());
    Reader reader(std::move(stream), RequestHeaders(request));
    reader.tail_caching = tail_caching(*parsed);
    reader.is_authorized |= request.principal != nullptr && !request.principal->is_anonymous();
    switch (parsed->live) {
        case Live::none: return catch_up(service, reader, *parsed);
        case Live::long_poll:
            return start_long_poll(service, stream_source(service, std::move(reader), *parsed), *parsed);
        case Live::sse: return start_event_stream(service, stream_source(service, std::move(reader), *parsed), *parsed);
    }
    return to_response(Problem());
}

}  // namespace foldback::server::protocol
