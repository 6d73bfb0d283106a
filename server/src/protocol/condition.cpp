#include "protocol/condition.hpp"

#include <algorithm>
#include <utility>

#include "protocol/base64.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/read_response.hpp"
#include "protocol/refusal_response.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::size_t max_missed_bytes = 1 << 20;

/// Whether a Prefer header (RFC 7240) has this preference.
bool prefers(std::string_view header, std::string_view preference) {
    while (!header.empty()) {
        auto element = header.substr(0, header.find(','));
        header.remove_prefix(std::min(header.size(), element.size() + 1));
        element = element.substr(0, element.find(';'));
        const auto begin = element.find_first_not_of(" \t");
        if (begin == std::string_view::npos) continue;
        element = element.substr(begin, element.find_last_not_of(" \t") + 1 - begin);
        if (element == preference) return true;
    }
    return false;
}

Problem bad_if_match(std::string detail) { return bad_request("bad-if-match", std::move(detail)); }

void append_missed(std::string& json, const ReadPage& page) {
    json.append(R"("missed":{"offset":")").append(offset_token(page.start));
    json.append(R"(","next_offset":")").append(offset_token(page.next));
    json.append(R"(","up_to_date":)").append(page.up_to_date ? "true" : "false");
    if (page.framing == Framing::json) {
        json.append(R"(,"messages":)");
        append_body(json, page);
    } else {
        std::string bytes;
        append_body(bytes, page);
        json.append(R"(,"base64":")");
        append_base64(json, bytes);
        json.push_back('"');
    }
    json.push_back('}');
}

}  // namespace

Parsed<std::optional<Condition>> parse_condition(const RequestHeaders& headers) {
    const auto* value = headers[Header::if_match];
    if (value == nullptr) return std::optional<Condition>();
    std::string_view tag = *value;
    if (tag == "*") return bad_if_match("If-Match: * is not supported; name the offset you believe in.");
    if (tag.starts_with("W/")) return bad_if_match("If-Match needs a strong entity tag.");
    const bool is_quoted = tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
    if (is_quoted) tag = tag.substr(1, tag.size() - 2);
    if (tag.empty() || tag.find_first_of("\", ") != std::string_view::npos) {
        return bad_if_match("If-Match must be one entity tag: the stream's offset token in quotes.");
    }
    const auto* preferences = headers[Header::prefer];
    return std::optional(
        Condition{.tail = parse_offset_token(tag),
                  .wants_missed_events = preferences != nullptr && prefers(*preferences, "return=missed-events")});
}

bool holds(const Condition& condition, StreamPoint tail) {
    if (!condition.tail) return false;
    if (is_start_of_any_stream(*condition.tail)) return tail.offset.value == 0;
    return *condition.tail == tail;
}

Response precondition_failed(const Service& service, const StreamPath& stream, const Condition& condition,
                             const Refused& refused) {
    auto response = to_response(refused);
    if (!condition.wants_missed_events || !condition.tail) return response;
    ReadRequest request{.stream = stream,
                        .max_bytes = std::min(max_missed_bytes, service.options.max_response_bytes),
                        .renews_ttl = false};
    if (!is_start_of_any_stream(*condition.tail)) request.from = *condition.tail;
    const auto page = service.store.read(request);
    if (!page || page->runs.empty()) return response;
    response.text.back() = ',';
    append_missed(response.text, *page);
    response.text.push_back('}');
    response.set("preference-applied", "return=missed-events");
    return response;
}

}  // namespace foldback::server::protocol
