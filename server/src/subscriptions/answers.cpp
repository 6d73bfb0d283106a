#include "subscriptions/answers.hpp"

#include "protocol/json_text.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/refusal_response.hpp"
#include "protocol/target.hpp"
#include "protocol/timestamp.hpp"
#include "subscriptions/decisions.hpp"
#include "subscriptions/journal.hpp"

namespace foldback::server::subscriptions {

namespace {

using protocol::append_json_string;
using protocol::offset_token;

constexpr std::size_t max_described_streams = 10'000;

Response json_response(unsigned status, std::string text) {
    Response response;
    response.status = status;
    response.set("content-type", "application/json");
    response.set("cache-control", "no-store");
    if (status == 503) response.set("retry-after", "1");
    if (status == 401) response.set("www-authenticate", "Bearer");
    response.text = std::move(text);
    return response;
}

unsigned status_of(std::string_view code) {
    struct Meaning {
        std::string_view code;
        unsigned status;
    };
    constexpr Meaning meanings[] = {{code::invalid_request, 400},
                                    {code::invalid_offset, 409},
                                    {code::not_found, 404},
                                    {code::already_exists, 409},
                                    {code::url_rejected, 400},
                                    {code::token_invalid, 401},
                                    {code::token_expired, 401},
                                    {code::fenced, 409},
                                    {code::already_claimed, 409},
                                    {code::no_pending_work, 409},
                                    {code::too_many, 429},
                                    {code::over_quota, 507},
                                    {code::busy, 503},
                                    {code::full, 507}};
    for (const auto& [name, status] : meanings) {
        if (name == code) return status;
    }
    return 500;
}

std::string error_text(const Rejection& rejection, std::string_view more = {}) {
    std::string text = R"({"error":{"code":)";
    append_json_string(text, rejection.code);
    text.append(R"(,"message":)");
    append_json_string(text, rejection.text);
    text.append(more);
    return text + "}}";
}

void append_optional(std::string& out, std::string_view name, const std::optional<std::string>& value) {
    out.append(",\"").append(name).append("\":");
    if (value) {
        append_json_string(out, *value);
    } else {
        out.append("null");
    }
}

/// Up to where every stream's object is the same.
void begin_stream(std::string& out, const std::string& stream, const Link& link) {
    out.append(out.ends_with('[') ? "" : ",").append(R"({"path":)");
    append_json_string(out, stream);
    out.append(R"(,"link_type":")").append(link.by_name ? "explicit" : "glob");
    out.append(R"(","acked_offset":")").append(offset_token(link.acked)).append("\"");
}

void append_pending(std::string& out, const std::string& stream, const Link& link, StreamPoint tail) {
    begin_stream(out, stream, link);
    out.append(R"(,"tail_offset":")").append(offset_token(tail));
    out.append(R"(","has_pending":)").append(tail.offset > link.acked.offset ? "true}" : "false}");
}

}  // namespace

std::string Addresses::jwks() const { return base + stream_prefix + "__ds/jwks.json"; }

std::string Addresses::callback(const std::string& id) const {
    return base + protocol::percent_encode_path(stream_prefix + std::string(subscriptions_prefix) + id) + "/callback";
}

Response no_content() {
    Response response;
    response.status = 204;
    response.set("cache-control", "no-store");
    return response;
}

Response rejected(const Rejection& rejection) {
    return json_response(status_of(rejection.code), error_text(rejection));
}

Response already_claimed(const Rejection& rejection, const State& state) {
    std::string more = R"(,"current_holder":)";
    append_json_string(more, state.wake()->holder);
    more.append(R"(,"generation":)").append(std::to_string(state.generation()));
    return json_response(409, error_text(rejection, more));
}

Response refused(const Refused& refused) {
    const auto problem = protocol::to_problem(refused);
    const bool is_full = refused.reason == Refusal::full;
    return rejected({is_full ? code::full : code::busy, problem.detail});
}

Response described(unsigned status, const std::string& id, const State& state, const Addresses& addresses,
                   const std::string& kid) {
    const auto& configuration = state.configuration();
    std::string text = R"({"id":)";
    append_json_string(text, id);
    text.append(R"(,"subscription_id":)");
    append_json_string(text, id);
    text.append(R"(,"type":")").append(name_of(configuration.type)).append("\"");
    append_optional(text, "pattern", configuration.pattern);
    text.append(R"(,"streams":[)");
    auto left = max_described_streams;
    for (const auto& [stream, link] : state.links()) {
        if (left-- == 0) break;
        begin_stream(text, stream, link);
        text.push_back('}');
    }
    text.append("]");
    if (state.links().size() > max_described_streams) text.append(R"(,"streams_complete":false)");
    if (configuration.webhook_url) {
        text.append(R"(,"webhook":{"url":)");
        append_json_string(text, *configuration.webhook_url);
        text.append(R"(,"signing":{"alg":"ed25519","kid":)");
        append_json_string(text, kid);
        text.append(R"(,"jwks_url":)");
        append_json_string(text, addresses.jwks());
        text.append("}}");
    }
    append_optional(text, "wake_stream", configuration.wake_stream);
    text.append(R"(,"lease_ttl_ms":)").append(std::to_string(configuration.lease_ttl_ms));
    text.append(R"(,"created_at":")").append(protocol::format_timestamp(state.created().created_at));
    text.append(R"(","status":")").append(state.failures() > 0 ? "failed" : "active").append("\"");
    append_optional(text, "description", configuration.description);
    return json_response(status, text + "}");
}

Response claimed(const State& state, const std::string& token) {
    std::string text = R"({"wake_id":)";
    append_json_string(text, state.wake()->id);
    text.append(R"(,"generation":)").append(std::to_string(state.generation()));
    text.append(R"(,"token":)");
    append_json_string(text, token);
    text.append(R"(,"streams":[)");
    for (const auto& stream : next_pending(state)) {
        const auto* link = state.find(stream);
        append_pending(text, stream, *link, link->tail);
    }
    text.append(R"(],"lease_ttl_ms":)").append(std::to_string(state.configuration().lease_ttl_ms));
    return json_response(200, text + "}");
}

Response progressed(bool next_wake) {
    return json_response(200, std::string(R"({"ok":true,"next_wake":)") + (next_wake ? "true}" : "false}"));
}

std::string webhook_body(const std::string& id, const State& state, const Addresses& addresses,
                         const std::string& token) {
    std::string text = R"({"subscription_id":)";
    append_json_string(text, id);
    text.append(R"(,"wake_id":)");
    append_json_string(text, state.wake()->id);
    text.append(R"(,"generation":)").append(std::to_string(state.generation()));
    text.append(R"(,"streams":[)");
    for (const auto& [stream, tail] : state.wake()->tails) {
        const auto* link = state.find(stream);
        if (link != nullptr) append_pending(text, stream, *link, tail);
    }
    text.append(R"(],"callback_url":)");
    append_json_string(text, addresses.callback(id));
    text.append(R"(,"callback_token":)");
    append_json_string(text, token);
    return text + "}";
}

std::string wake_event(const std::string& id, const WakeIssued& wake, Timestamp now) {
    std::string text = R"({"type":"wake","subscription_id":)";
    append_json_string(text, id);
    text.append(R"(,"stream":)");
    append_json_string(text, wake.tails.front().stream);
    text.append(R"(,"generation":)").append(std::to_string(wake.generation));
    text.append(R"(,"ts":)").append(std::to_string(now.time_since_epoch().count()));
    return text + "}";
}

}  // namespace foldback::server::subscriptions
