#include "protocol/store_views.hpp"

#include <algorithm>
#include <utility>

#include "protocol/feed_page.hpp"
#include "protocol/json_text.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/read_query.hpp"
#include "protocol/store_refusal.hpp"
#include "protocol/store_watch.hpp"

namespace foldback::server::protocol {

namespace {

void append_number(std::string& out, std::string_view before, std::uint64_t number) {
    out.append(before).append(std::to_string(number));
}

void append_flag(std::string& out, std::string_view before, bool flag) {
    out.append(before).append(flag ? "true" : "false");
}

void append_sizes(std::string& out, const Run& run, Framing framing) {
    out.append(R"(,"sizes":[)");
    if (framing == Framing::bytes) {
        out.append(std::to_string(run.data.size()));
    } else {
        MessageIterator message(&run, &run + 1, framing);
        for (std::uint32_t i = 0; i != run.count; ++i, ++message) {
            if (i != 0) out.push_back(',');
            out.append(std::to_string(message->data.size()));
        }
    }
    out.push_back(']');
}

Response whole(std::string_view content_type, std::string text) {
    Response response;
    response.set("content-type", std::string(content_type));
    response.set("cache-control", "no-store");
    response.text = std::move(text);
    return response;
}

Reply read_page(const Service& service, StreamPath stream, const StoreQuery& query) {
    const auto page = service.store.read({.stream = std::move(stream),
                                          .from = query.from,
                                          .direction = query.direction,
                                          .max_bytes = std::min(query.max_bytes, service.options.max_response_bytes),
                                          .max_messages = query.limit,
                                          .renews_ttl = query.renews_ttl});
    return page ? whole(page_content_type, page_text(*page)) : to_store_response(page.error());
}

Reply read_info(const Service& service, const StreamPath& stream) {
    const auto info = service.store.head(stream);
    if (!info) return to_store_response(info.error());
    std::string text;
    append_info_text(text, *info);
    return whole("application/json", std::move(text));
}

}  // namespace

void append_info_text(std::string& out, const StreamInfo& info) {
    const auto milliseconds = [](Timestamp time) { return std::to_string(time.time_since_epoch().count()); };
    out.append(R"({"stream":)");
    append_json_string(out, info.stream.text());
    append_number(out, R"(,"incarnation":)", info.incarnation.value);
    out.append(R"(,"content_type":)");
    append_json_string(out, info.config.content_type);
    out.append(R"(,"tail":")").append(offset_token(info.tail));
    append_number(out, R"(","first":)", info.first.value);
    append_flag(out, R"(,"closed":)", info.closed);
    out.append(R"(,"created_at_ms":)").append(milliseconds(info.created_at));
    if (info.config.ttl) out.append(R"(,"ttl_seconds":)").append(std::to_string(info.config.ttl->count()));
    if (info.config.expires_at) out.append(R"(,"expires_at_ms":)").append(milliseconds(*info.config.expires_at));
    if (info.forked_from) {
        out.append(R"(,"forked_from":)");
        append_json_string(out, info.forked_from->text());
    }
    if (info.fork_point) out.append(R"(,"fork_point":")").append(offset_token(*info.fork_point)).push_back('"');
    out.push_back('}');
}

std::string page_text(const ReadPage& page) {
    std::string text;
    text.reserve(page.payload_bytes() + page.runs.size() * 96 + 512);
    text.append(R"({"content_type":)");
    append_json_string(text, page.content_type);
    append_number(text, R"(,"incarnation":)", page.incarnation.value);
    text.append(R"(,"start":")").append(offset_token(page.start));
    text.append(R"(","next":")").append(offset_token(page.next));
    text.append(R"(","tail":")").append(offset_token(page.tail));
    append_flag(text, R"(","up_to_date":)", page.up_to_date);
    append_flag(text, R"(,"closed":)", page.closed);
    text.append(R"(,"runs":[)");
    for (const auto& run : page.runs) {
        if (&run != page.runs.data()) text.push_back(',');
        append_number(text, R"({"offset":)", run.first.value);
        append_number(text, R"(,"position":)", run.first_position.value);
        append_number(text, R"(,"timestamp":)",
                      static_cast<std::uint64_t>(run.committed_at.time_since_epoch().count()));
        append_sizes(text, run, page.framing);
        text.push_back('}');
    }
    text.append("]}\n");
    for (const auto& run : page.runs) text.append(run.data);
    return text;
}

std::string feed_page_text(const FeedPage& page) {
    std::string text;
    std::size_t bytes = 256;
    for (const auto& message : page.messages) bytes += message.stream.size() + message.data.size() + 160;
    text.reserve(bytes);
    append_number(text, R"({"next":)", page.next.value);
    append_number(text, R"(,"tail":)", page.tail.value);
    append_flag(text, R"(,"up_to_date":)", page.up_to_date);
    text.append(R"(,"messages":[)");
    for (const auto& message : page.messages) {
        if (&message != page.messages.data()) text.push_back(',');
        text.append(R"({"stream":)");
        append_json_string(text, message.stream);
        text.append(R"(,"offset":")").append(offset_token(message.offset));
        append_number(text, R"(","position":)", message.position.value);
        append_number(text, R"(,"timestamp":)",
                      static_cast<std::uint64_t>(message.committed_at.time_since_epoch().count()));
        append_flag(text, R"(,"json":)", message.framing == Framing::json);
        append_number(text, R"(,"size":)", message.data.size());
        text.push_back('}');
    }
    text.append("]}\n");
    for (const auto& message : page.messages) text.append(message.data);
    return text;
}

Reply read_view(const Service& service, StreamPath stream, const Query& query, std::string_view view) {
    const auto parsed = parse_store_query(query);
    if (!parsed) return to_response(parsed.error());
    if (view == "page") return read_page(service, std::move(stream), *parsed);
    if (view == "info") return read_info(service, stream);
    if (view == "watch") return watch_stream(service, std::move(stream), parsed->beyond);
    return to_response(bad_request("bad-parameter", "The parameter view must be page, info or watch."));
}

Reply read_feed_view(const Service& service, const Request& request, const Query& query, std::string_view view) {
    const auto parsed = parse_store_query(query);
    if (!parsed) return to_response(parsed.error());
    if (view == "watch") return watch_feed(service, parsed->position);
    if (view != "page") return to_response(bad_request("bad-parameter", "The parameter view must be page or watch."));
    auto page = service.store.read_feed({.from = parsed->position,
                                         .prefix = parsed->prefix,
                                         .max_bytes = std::min(parsed->max_bytes, service.options.max_response_bytes),
                                         .max_messages = parsed->limit});
    leave_out_hidden(page, request.principal.get());
    return whole(page_content_type, feed_page_text(page));
}

}  // namespace foldback::server::protocol
