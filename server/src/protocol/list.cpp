#include "protocol/json_text.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/read_query.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::protocol {

namespace {

void append_stream(std::string& out, const StreamInfo& info) {
    out.append(R"({"stream":)");
    append_json_string(out, info.stream.text());
    out.append(R"(,"content_type":)");
    append_json_string(out, info.config.content_type);
    out.append(R"(,"next_offset":")").append(offset_token(info.tail));
    out.append(R"(","first":)").append(std::to_string(info.first.value));
    out.append(R"(,"next":)").append(std::to_string(info.tail.offset.value));
    out.append(R"(,"closed":)").append(info.closed ? "true" : "false");
    out.append(R"(,"created_at":")").append(format_timestamp(info.created_at)).push_back('"');
    if (info.config.ttl) out.append(R"(,"ttl_seconds":)").append(std::to_string(info.config.ttl->count()));
    if (info.config.expires_at) {
        out.append(R"(,"expires_at":")").append(format_timestamp(*info.config.expires_at)).push_back('"');
    }
    if (info.forked_from) {
        out.append(R"(,"forked_from":)");
        append_json_string(out, info.forked_from->text());
    }
    if (info.fork_point) out.append(R"(,"fork_offset":")").append(offset_token(*info.fork_point)).push_back('"');
    out.push_back('}');
}

}  // namespace

Reply list(const Service& service, const Query& query) {
    const auto parsed = parse_list_query(query);
    if (!parsed) return to_response(parsed.error());
    const auto found = service.store.list({.prefix = parsed->prefix, .after = parsed->after, .limit = parsed->limit});
    Response response;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    auto& text = response.text;
    text = R"({"streams":[)";
    for (const auto& info : found.streams) {
        if (&info != found.streams.data()) text.push_back(',');
        append_stream(text, info);
    }
    text.append(R"(],"complete":)").append(found.complete ? "true}" : "false}");
    return response;
}

}  // namespace foldback::server::protocol
