#include <algorithm>
#include <iterator>
#include <utility>

#include "protocol/authorise.hpp"
#include "protocol/json_text.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/read_query.hpp"
#include "protocol/reserved.hpp"
#include "protocol/store_views.hpp"
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

/// The page without what is reserved: paths that lie side by side, so that they are stepped over at once.
StreamList list_visible(StreamStore& store, ListRequest request) {
    auto page = store.list(request);
    auto& streams = page.streams;
    const auto hidden = std::find_if(streams.begin(), streams.end(),
                                     [](const StreamInfo& info) { return is_reserved(info.stream.text()); });
    if (hidden == streams.end()) return page;
    streams.erase(hidden, streams.end());
    request.limit -= streams.size();
    request.after = after_reserved;
    auto rest = store.list(request);
    std::move(rest.streams.begin(), rest.streams.end(), std::back_inserter(streams));
    page.complete = rest.complete;
    return page;
}

/// A list for somebody who may see few of many streams looks at no more of them than this.
constexpr std::size_t max_examined = 100'000;

/// Adds the streams that begin with `prefix` and may be read. False when more of them were examined than may be.
bool add_readable(const Service& service, const Request& request, const ListQuery& query, const std::string& prefix,
                  std::size_t& examined, StreamList& found) {
    auto after = query.after;
    while (true) {
        auto page = list_visible(service.store, {.prefix = prefix, .after = after, .limit = query.limit});
        if (!page.streams.empty()) after = page.streams.back().stream.text();
        for (auto& info : page.streams) {
            if (!may(request, Verb::read, info.stream.text())) continue;
            if (found.streams.size() == query.limit) {
                found.complete = false;
                return true;
            }
            found.streams.push_back(std::move(info));
        }
        if (page.complete) return true;
        examined += page.streams.size();
        if (examined > max_examined) return false;
    }
}

/// What the sender may read of what the query asks for.
Parsed<StreamList> list_readable(const Service& service, const Request& request, const ListQuery& query) {
    StreamList found;
    std::size_t examined = 0;
    for (const auto& granted : request.principal->prefixes(Verb::read)) {
        if (!granted.starts_with(query.prefix) && !query.prefix.starts_with(granted)) continue;
        const auto& prefix = granted.size() > query.prefix.size() ? granted : query.prefix;
        if (!add_readable(service, request, query, prefix, examined, found)) {
            return bad_request("list-too-wide", "Too many streams begin with this prefix; ask for a longer one.");
        }
        if (!found.complete) break;
    }
    return found;
}

}  // namespace

Reply list(const Service& service, const Request& request, const Query& query) {
    const auto parsed = parse_list_query(query);
    if (!parsed) return to_response(parsed.error());
    const auto readable =
        request.principal
            ? list_readable(service, request, *parsed)
            : Parsed<StreamList>(list_visible(
                  service.store, {.prefix = parsed->prefix, .after = parsed->after, .limit = parsed->limit}));
    if (!readable) return to_response(readable.error());
    const auto view = parse_view(query);
    if (!view) return to_response(view.error());
    const bool is_for_a_store = *view != nullptr && **view == "info";
    const auto& found = *readable;
    Response response;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    auto& text = response.text;
    text = R"({"streams":[)";
    for (const auto& info : found.streams) {
        if (&info != found.streams.data()) text.push_back(',');
        if (is_for_a_store) {
            append_info_text(text, info);
        } else {
            append_stream(text, info);
        }
    }
    text.append(R"(],"complete":)").append(found.complete ? "true}" : "false}");
    return response;
}

}  // namespace foldback::server::protocol
