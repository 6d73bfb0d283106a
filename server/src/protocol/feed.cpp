#include <utility>

#include "protocol/live_source.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/read_query.hpp"

namespace foldback::server::protocol {

Reply read_feed(const Service& service, const Request& request, const Query& query) {
    const auto view = parse_view(query);
    if (!view) return to_response(view.error());
    if (*view != nullptr) return read_feed_view(service, request, query, **view);
    const auto parsed = parse_feed_query(query);
    if (!parsed) return to_response(parsed.error());
    const RequestHeaders headers(request);
    const auto* accepted = headers[Header::accept_encoding];
    const auto coding = accepted == nullptr ? Coding::identity : choose_coding(*accepted);
    auto source = feed_source(service, *parsed, coding, request.principal);
    switch (parsed->live) {
        case Live::none: {
            const auto read = read_something(*source, service.options.max_response_bytes);
            return read ? source->response() : read.error();
        }
        case Live::long_poll: return start_long_poll(service, std::move(source), *parsed);
        case Live::sse: return start_event_stream(service, std::move(source), *parsed);
    }
    return to_response(Problem());
}

Reply head_feed(const Service& service) {
    Response response;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    response.set("stream-next-offset", position_token(service.store.tail()));
    return response;
}

}  // namespace foldback::server::protocol
