#include "protocol/read_query.hpp"

#include "protocol/cursor.hpp"
#include "protocol/header_values.hpp"
#include "protocol/offset_token.hpp"

namespace foldback::server::protocol {

namespace {

constexpr std::size_t max_limit = 10'000;

Problem bad_parameter(std::string detail) { return bad_request("bad-parameter", std::move(detail)); }

/// The problem, when a parameter is given twice; otherwise sets `value`.
std::optional<Problem> take(const Query& query, std::string_view name, const std::string*& value) {
    const auto found = query.value(name);
    if (!found) return found.error();
    value = *found;
    return std::nullopt;
}

std::optional<Problem> parse_live(const Query& query, LiveQuery& into) {
    const std::string* live = nullptr;
    const std::string* cursor = nullptr;
    if (auto problem = take(query, "live", live)) return problem;
    if (auto problem = take(query, "cursor", cursor)) return problem;
    if (live != nullptr) {
        if (*live != "long-poll" && *live != "sse")
            return bad_parameter("The parameter live must be long-poll or sse.");
        into.live = *live == "sse" ? Live::sse : Live::long_poll;
    }
    if (cursor != nullptr) {
        auto parsed = parse_cursor(*cursor);
        if (!parsed) return parsed.error();
        into.cursor = *parsed;
    }
    return std::nullopt;
}

std::optional<Problem> parse_limit(const Query& query, std::size_t& limit) {
    const std::string* text = nullptr;
    if (auto problem = take(query, "limit", text)) return problem;
    if (text == nullptr) return std::nullopt;
    const auto number = parse_number(*text, max_limit);
    if (!number || *number == 0) return bad_parameter("The parameter limit must be a number from 1 to 10000.");
    limit = *number;
    return std::nullopt;
}

std::optional<Problem> parse_direction(const Query& query, StreamQuery& into) {
    const std::string* direction = nullptr;
    if (auto problem = take(query, "direction", direction)) return problem;
    if (direction == nullptr || *direction == "forward") return std::nullopt;
    if (*direction != "backward") return bad_parameter("The parameter direction must be forward or backward.");
    if (into.live != Live::none) return bad_parameter("Only forward reads can be live.");
    into.direction = Direction::backward;
    return std::nullopt;
}

std::optional<Problem> parse_encoding(const Query& query, StreamQuery& into) {
    const std::string* encoding = nullptr;
    if (auto problem = take(query, "encoding", encoding)) return problem;
    if (encoding == nullptr || into.live != Live::sse) return std::nullopt;
    if (*encoding != "base64") return bad_parameter("The parameter encoding must be base64.");
    into.base64 = true;
    return std::nullopt;
}

std::optional<Problem> parse_offset(const Query& query, StreamQuery& into) {
    const std::string* offset = nullptr;
    if (auto problem = take(query, "offset", offset)) return problem;
    if (offset == nullptr) {
        if (into.live != Live::none) return bad_request("missing-offset", "A live read needs the parameter offset.");
        if (into.direction == Direction::backward) into.from = FromTail{};
        return std::nullopt;
    }
    if (*offset == "-1") return std::nullopt;
    if (*offset == "now") {
        into.from = FromTail{};
        into.from_now = into.direction == Direction::forward;
        return std::nullopt;
    }
    const auto point = parse_offset_token(*offset);
    if (!point) return bad_request("bad-offset", "The offset is not one that this server has given out.");
    if (!is_start_of_any_stream(*point)) into.from = *point;
    return std::nullopt;
}

std::optional<Problem> parse_position(const Query& query, FeedQuery& into) {
    const std::string* position = nullptr;
    const std::string* offset = nullptr;
    if (auto problem = take(query, "position", position)) return problem;
    if (auto problem = take(query, "offset", offset)) return problem;
    if (position != nullptr && offset != nullptr) {
        return bad_parameter("The parameters position and offset mean the same: give one of them.");
    }
    const auto* text = position != nullptr ? position : offset;
    if (text == nullptr) {
        if (into.live != Live::none) return bad_request("missing-offset", "A live read needs the parameter position.");
        return std::nullopt;
    }
    if (*text == "-1") return std::nullopt;
    into.from_now = *text == "now";
    if (into.from_now) return std::nullopt;
    const auto parsed = parse_position_token(*text);
    if (!parsed) return bad_request("bad-offset", "The position is not one that this server has given out.");
    into.from = *parsed;
    return std::nullopt;
}

/// A path, or with `completion` what becomes one.
std::optional<Problem> parse_path(const Query& query, std::string_view name, std::string_view completion,
                                  std::string& into) {
    const std::string* text = nullptr;
    if (auto problem = take(query, name, text)) return problem;
    if (text == nullptr || text->empty()) return std::nullopt;
    if (const auto problem = StreamPath::problem_with(*text + std::string(completion)); !problem.empty()) {
        return bad_parameter("The parameter " + std::string(name) + " is not of a stream's path: " + problem + ".");
    }
    into = *text;
    return std::nullopt;
}

/// Sets `into` when the parameter is there.
std::optional<Problem> parse_count(const Query& query, std::string_view name, std::uint64_t& into) {
    const std::string* text = nullptr;
    if (auto problem = take(query, name, text)) return problem;
    if (text == nullptr) return std::nullopt;
    const auto number = parse_number(*text);
    if (!number) return bad_parameter("The parameter " + std::string(name) + " must be a number up to 2^53-1.");
    into = *number;
    return std::nullopt;
}

std::optional<Problem> parse_store_offset(const Query& query, StoreQuery& into) {
    const std::string* text = nullptr;
    if (auto problem = take(query, "offset", text)) return problem;
    if (text == nullptr || *text == "-1") {
        if (text == nullptr && into.direction == Direction::backward) into.from = FromTail{};
        return std::nullopt;
    }
    if (*text == "now") {
        into.from = FromTail{};
    } else if (const auto number = parse_number(*text, UINT64_MAX)) {
        into.from = Offset{*number};
    } else if (const auto point = parse_offset_token(*text)) {
        into.from = *point;
    } else {
        return bad_request("bad-offset", "The offset is not one that this server has given out.");
    }
    return std::nullopt;
}

std::optional<Problem> parse_renewal(const Query& query, bool& renews_ttl) {
    const std::string* text = nullptr;
    if (auto problem = take(query, "renew", text)) return problem;
    if (text == nullptr) return std::nullopt;
    if (*text != "false") return bad_parameter("The parameter renew can only be false.");
    renews_ttl = false;
    return std::nullopt;
}

}  // namespace

Parsed<const std::string*> parse_view(const Query& query) {
    const std::string* view = nullptr;
    if (auto problem = take(query, "view", view)) return std::move(*problem);
    return view;
}

Parsed<StoreQuery> parse_store_query(const Query& query) {
    StoreQuery parsed;
    StreamQuery direction;
    if (auto problem = parse_direction(query, direction)) return std::move(*problem);
    parsed.direction = direction.direction;
    if (auto problem = parse_store_offset(query, parsed)) return std::move(*problem);
    if (auto problem = parse_count(query, "limit", parsed.limit)) return std::move(*problem);
    if (auto problem = parse_count(query, "max_bytes", parsed.max_bytes)) return std::move(*problem);
    if (auto problem = parse_count(query, "beyond", parsed.beyond.value)) return std::move(*problem);
    if (auto problem = parse_count(query, "position", parsed.position.value)) return std::move(*problem);
    if (auto problem = parse_renewal(query, parsed.renews_ttl)) return std::move(*problem);
    if (auto problem = parse_path(query, "prefix", "x", parsed.prefix)) return std::move(*problem);
    return parsed;
}

Parsed<StreamQuery> parse_stream_query(const Query& query) {
    StreamQuery parsed;
    if (auto problem = parse_live(query, parsed)) return std::move(*problem);
    if (auto problem = parse_direction(query, parsed)) return std::move(*problem);
    if (auto problem = parse_encoding(query, parsed)) return std::move(*problem);
    if (auto problem = parse_limit(query, parsed.limit)) return std::move(*problem);
    if (auto problem = parse_offset(query, parsed)) return std::move(*problem);
    return parsed;
}

Parsed<FeedQuery> parse_feed_query(const Query& query) {
    FeedQuery parsed;
    if (auto problem = parse_live(query, parsed)) return std::move(*problem);
    if (auto problem = parse_limit(query, parsed.limit)) return std::move(*problem);
    if (auto problem = parse_position(query, parsed)) return std::move(*problem);
    if (auto problem = parse_path(query, "prefix", "x", parsed.prefix)) return std::move(*problem);
    return parsed;
}

Parsed<ListQuery> parse_list_query(const Query& query) {
    ListQuery parsed;
    if (auto problem = parse_path(query, "prefix", "x", parsed.prefix)) return std::move(*problem);
    if (auto problem = parse_path(query, "after", "", parsed.after)) return std::move(*problem);
    if (auto problem = parse_limit(query, parsed.limit)) return std::move(*problem);
    return parsed;
}

}  // namespace foldback::server::protocol
