#include "debugger/page.hpp"

#include <algorithm>

#include "protocol/common_headers.hpp"
#include "protocol/compression.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::debugger {

namespace {

constexpr std::string_view folder = "/debug/";

const Asset* find_asset(std::string_view path) {
    if (!path.starts_with(folder)) return nullptr;
    const auto name = path == folder ? "index.html" : path.substr(folder.size());
    const auto all = assets();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Asset& asset) { return asset.name == name; });
    return found == all.end() ? nullptr : &*found;
}

std::string escaped(std::string_view text) {
    std::string html;
    for (const char byte : text) {
        switch (byte) {
            case '<': html += "&lt;"; break;
            case '>': html += "&gt;"; break;
            case '&': html += "&amp;"; break;
            case '"': html += "&quot;"; break;
            case '\'': html += "&#39;"; break;
            default: html += byte;
        }
    }
    return html;
}

std::string link(const std::string& stream, const std::string& query, const std::string& text) {
    return "<a href=\"/debug/raw/" + escaped(protocol::percent_encode_path(stream)) + query + "\">" + escaped(text) +
           "</a>";
}

Response html(const std::string& title, const std::string& content) {
    Response response;
    response.set("content-type", "text/html; charset=utf-8");
    response.set("cache-control", "no-store");
    response.text =
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
        "content=\"width=device-width\"><link rel=\"icon\" href=\"/debug/icon.svg\"><title>" +
        escaped(title) + "</title><link rel=\"stylesheet\" href=\"/debug/debugger.css\"><body class=\"plain\"><h1>" +
        escaped(title) + "</h1>" + content;
    return response;
}

Response stream_list(Context& context, const Parameters& parameters) {
    constexpr std::size_t most = 500;
    const auto prefix = parameters.text("prefix", "");
    const auto found = context.store.list({.prefix = prefix, .after = parameters.text("after", ""), .limit = most});
    std::string rows =
        "<form><input name=\"prefix\" placeholder=\"streams that begin with…\"><button>Find</button></form><ul>";
    for (const auto& info : found.streams) {
        rows += "<li>" + link(info.stream.text(), "", info.stream.text()) + " · " +
                std::to_string(info.tail.offset.value) + " · " + escaped(info.config.content_type) + "</li>";
    }
    rows += "</ul>";
    if (!found.complete && !found.streams.empty())
        rows += "<p><a href=\"/debug/raw/?prefix=" + protocol::percent_encode(prefix, "/") +
                "&amp;after=" + protocol::percent_encode(found.streams.back().stream.text(), "/") +
                "\">more streams</a></p>";
    return html("Streams", rows);
}

}  // namespace

bool is_of_page(std::string_view path) { return path == "/debug" || find_asset(path) != nullptr; }

Response page_response(std::string_view path, const Request& request) {
    Response response;
    const auto* asset = find_asset(path);
    if (asset == nullptr) {
        response.status = 308;
        response.set("location", std::string(folder));
        return response;
    }
    const auto tag = "\"" + std::string(asset->hash) + "\"";
    response.set("etag", tag);
    response.set("cache-control", "no-cache");
    const auto* known = request.header("if-none-match");
    if (known != nullptr && known->find(asset->hash) != std::string::npos) {
        response.status = 304;
        return response;
    }
    response.set("content-type", std::string(asset->type));
    response.text = asset->content;
    return response;
}

void finish_response(Response& response, const Request& request) {
    response.set("content-security-policy",
                 "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'");
    response.set("referrer-policy", "no-referrer");
    response.set("cross-origin-resource-policy", "same-origin");
    protocol::add_security_headers(response);
    if (const auto* accepted = request.header("accept-encoding")) {
        for (const auto& [name, value] : response.headers) {
            if (name != "content-type") continue;
            const auto type = value;
            protocol::compress(response, type, protocol::choose_coding(*accepted));
            break;
        }
    }
    if (request.method == Method::head) response.text.clear();
}

Response raw_problem(const Response& problem) {
    const auto document = Json::parse(problem.text, nullptr, false);
    const auto detail = document.is_object() ? document.value("detail", "") : std::string();
    auto response =
        html("This cannot be shown", "<p>" + escaped(detail) + "</p><p><a href=\"/debug/raw/\">Streams</a></p>");
    response.status = problem.status;
    return response;
}

Response raw_page(Context& context, const std::string& path, const Parameters& parameters) {
    if (path.empty()) return stream_list(context, parameters);
    constexpr std::uint64_t count = 200;
    const auto timeline = context.borrow(stream_path(path), parameters.text("lens"));
    const auto first = timeline->first().value + 1;
    const auto from = std::max(parameters.number("from", first, 1, UINT64_MAX), first);
    const auto tail = timeline->tail().value;
    std::string rows = "<p><a href=\"/debug/raw/\">Streams</a> · " + std::to_string(tail - first + 1) +
                       " events</p><ol start=\"" + std::to_string(from) + "\">";
    if (from <= tail) {
        for (const auto& event : timeline->events({from - 1}, count)) {
            rows += "<li><b>" + escaped(event.type) + "</b> " + protocol::format_timestamp(event.committed_at) +
                    (event.problem.empty() ? "" : " <em>not decoded: " + escaped(event.problem) + "</em>") + "<pre>" +
                    escaped(timeline.redaction().message_text(event.text)) + "</pre></li>";
        }
    }
    rows += "</ol><p>";
    if (from > first)
        rows += link(path, "?from=" + std::to_string(from > count + first ? from - count : first), "earlier") + " ";
    if (from + count <= tail) rows += link(path, "?from=" + std::to_string(from + count), "later");
    const auto state = timeline.redaction().state(timeline->state_at(timeline->tail())).dump(2);
    return html(path, rows + "</p><h2>State after the last event</h2><pre>" + escaped(state) + "</pre>");
}

}  // namespace foldback::server::debugger
