#include "protocol/read_response.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "protocol/entity_tag.hpp"
#include "protocol/offset_token.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::size_t max_copied_bytes = 64 << 10;
constexpr std::size_t min_piece_bytes = 4 << 10;
constexpr std::int64_t max_age_seconds = 60;

/// Hands out the stored bytes themselves.
void share_body(Response& response, ReadPage& page) {
    const auto owner = std::make_shared<const std::vector<std::shared_ptr<const void>>>(std::move(page.owners));
    const bool is_json = page.framing == Framing::json;
    response.pieces.reserve(2 * page.runs.size() + 1);
    if (is_json) response.text = "[";
    for (const auto& run : page.runs) {
        if (is_json && &run != page.runs.data()) response.pieces.push_back({",", nullptr});
        response.pieces.push_back({run.data, owner});
    }
    if (is_json) response.pieces.push_back({"]", nullptr});
}

void fill_body(Response& response, ReadPage& page) {
    const auto bytes = page.payload_bytes();
    if (bytes <= max_copied_bytes || bytes / page.runs.size() < min_piece_bytes) {
        append_body(response.text, page);
    } else {
        share_body(response, page);
    }
}

/// How long a response may be kept: no longer than the stream certainly lives.
std::int64_t seconds_to_keep(const Service& service, const StreamPath& stream) {
    const auto info = service.store.head(stream);
    if (!info) return 0;
    auto seconds = max_age_seconds;
    if (info->config.ttl) seconds = std::min<std::int64_t>(seconds, info->config.ttl->count());
    if (info->config.expires_at) {
        const auto left = std::chrono::floor<std::chrono::seconds>(*info->config.expires_at - service.clock.now());
        seconds = std::clamp<std::int64_t>(left.count(), 0, seconds);
    }
    return seconds;
}

/// PROTOCOL §10.1. What lies before the tail never changes, and neither does a closed stream.
std::string cache_control(const Service& service, const Reader& reader, const ReadPage& page, Direction direction) {
    const bool is_final = direction == Direction::forward && (!page.up_to_date || page.closed);
    if (!is_final && reader.tail_caching == TailCaching::revalidate) return "no-cache";
    if (!is_final && reader.tail_caching == TailCaching::never) return "no-store";
    const auto seconds = seconds_to_keep(service, reader.stream);
    std::string value = reader.is_authorized ? "private" : "public";
    value.append(", max-age=").append(std::to_string(seconds));
    if (seconds == max_age_seconds) value.append(", stale-while-revalidate=300");
    return value;
}

/// The content comes from strangers: a browser that is sent to it must neither show nor run it.
void add_content_headers(Response& response, const ReadPage& page) {
    response.set("content-type", page.content_type);
    response.set("content-security-policy", "sandbox");
    if (page.framing != Framing::json) response.set("content-disposition", "attachment");
}

}  // namespace

void append_body(std::string& out, const ReadPage& page) {
    const bool is_json = page.framing == Framing::json;
    out.reserve(out.size() + page.payload_bytes() + page.runs.size() + 2);
    if (is_json) out.push_back('[');
    for (const auto& run : page.runs) {
        if (is_json && &run != page.runs.data()) out.push_back(',');
        out.append(run.data);
    }
    if (is_json) out.push_back(']');
}

Reader::Reader(StreamPath path, const RequestHeaders& headers) : stream(std::move(path)) {
    if (const auto* accepted = headers[Header::accept_encoding]) coding = choose_coding(*accepted);
    is_authorized = headers.has(Header::authorization);
    if (const auto* tags = headers[Header::if_none_match]) if_none_match = *tags;
}

void add_place(Response& response, StreamPoint next, bool up_to_date, bool closed) {
    response.set("stream-next-offset", offset_token(next));
    if (up_to_date) response.set("stream-up-to-date", "true");
    if (up_to_date && closed) response.set("stream-closed", "true");
}

Response read_response(const Service& service, const Reader& reader, ReadPage page, Direction direction) {
    Response response;
    response.headers.reserve(14);
    add_content_headers(response, page);
    add_place(response, page.next, page.up_to_date, page.closed && direction == Direction::forward);
    response.set("etag", read_tag(page, direction));
    response.set("cache-control", cache_control(service, reader, page, direction));
    fill_body(response, page);
    compress(response, page.content_type, reader.coding);
    return response;
}

Response not_modified(const Service& service, const Reader& reader, const ReadPage& page, Direction direction) {
    Response response;
    response.status = 304;
    add_place(response, page.next, page.up_to_date, page.closed && direction == Direction::forward);
    response.set("etag", read_tag(page, direction));
    response.set("cache-control", cache_control(service, reader, page, direction));
    response.set("vary", "Accept-Encoding");
    return response;
}

Response tail_response(const ReadPage& page) {
    Response response;
    add_content_headers(response, page);
    add_place(response, page.next, true, page.closed);
    response.set("cache-control", "no-store");
    if (page.framing == Framing::json) response.text = "[]";
    return response;
}

}  // namespace foldback::server::protocol
