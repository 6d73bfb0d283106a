#include <algorithm>
#include <utility>

#include "access/reply_rule.hpp"
#include "foldback/server/gates.hpp"
#include "protocol/common_headers.hpp"

namespace foldback::server {

namespace {

/// `host[:port]` without its port.
std::string_view name_of_host(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
    return host.substr(0, host.find(':'));
}

bool is_loopback_name(std::string_view name) {
    if (name == "localhost" || name == "[::1]") return true;
    return name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string_view::npos;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
    return result;
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
    return std::ranges::find(list, text) != list.end();
}

bool is_own_origin(std::string_view origin, const std::string* host) {
    const auto scheme_end = origin.find("://");
    return host != nullptr && scheme_end != std::string_view::npos &&
           lower(origin.substr(scheme_end + 3)) == lower(*host);
}

Response refusal(std::string_view code, std::string_view detail) { return problem(403, code, detail); }

/// Lets pages of an allowed origin read; tells caches that the answer depends on who asks.
class ForOrigin final : public access::ReplyRule {
public:
    ForOrigin(std::string allowed_origin, bool is_preflight)
        : allowed_origin_(std::move(allowed_origin)), is_preflight_(is_preflight) {}

    void finish(Response& response) const override {
        response.set("vary", "Origin");
        if (allowed_origin_.empty()) return;
        protocol::allow_origin(response, allowed_origin_);
        if (is_preflight_) protocol::allow_preflight(response);
    }

private:
    const std::string allowed_origin_;
    const bool is_preflight_;
};

class BrowserGate final : public RequestHandler {
public:
    BrowserGate(BrowserRules rules, RequestHandler& rest) : rules_(std::move(rules)), rest_(rest) {}

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        auto refused = refuse(head);
        if (!refused) refused = rest_.admit(head, body_bytes);
        if (refused) rule_for(head)->finish(*refused);
        return refused;
    }

    Reply handle(Request request) override {
        if (rules_.allowed_origins.empty()) return rest_.handle(std::move(request));
        auto rule = rule_for(request);
        return access::under(rest_.handle(std::move(request)), std::move(rule));
    }

    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return rest_.refuse_early(method, target, body_bytes);
    }

private:
    [[nodiscard]] std::optional<Response> refuse(const Request& head) const {
        const auto* host = head.header("host");
        if (host != nullptr && !is_known_host(*host)) {
            return refusal("host-not-allowed", "The server is not asked by this name; see --allowed-hosts.");
        }
        if (head.count("origin") > 1) return refusal("origin-not-allowed", "There is more than one Origin.");
        if (const auto* origin = head.header("origin")) {
            if (is_own_origin(*origin, host) || contains(rules_.allowed_origins, *origin)) return std::nullopt;
            return refusal("origin-not-allowed", "Pages of this origin may not ask; see --cors-origin.");
        }
        const auto* site = head.header("sec-fetch-site");
        const auto* mode = head.header("sec-fetch-mode");
        const bool is_reading = head.method == Method::get || head.method == Method::head;
        // Whoever follows a link sees the answer himself, and the page with the link does not.
        const bool is_navigation = is_reading && mode != nullptr && *mode == "navigate";
        if (site == nullptr || *site == "same-origin" || *site == "none" || is_navigation) return std::nullopt;
        return refusal("cross-site", "Pages of other sites may not ask; see --cors-origin.");
    }

    [[nodiscard]] bool is_known_host(const std::string& host) const {
        if (!rules_.allowed_hosts) return true;
        const auto name = lower(name_of_host(host));
        return is_loopback_name(name) || contains(*rules_.allowed_hosts, name);
    }

    [[nodiscard]] std::shared_ptr<const ForOrigin> rule_for(const Request& request) const {
        const auto* origin = request.header("origin");
        const bool is_allowed = origin != nullptr && contains(rules_.allowed_origins, *origin);
        return std::make_shared<ForOrigin>(is_allowed ? *origin : std::string(), request.method == Method::options);
    }

    const BrowserRules rules_;
    RequestHandler& rest_;
};

}  // namespace

std::unique_ptr<RequestHandler> with_browser_rules(BrowserRules rules, RequestHandler& rest) {
    for (auto& origin : rules.allowed_origins) origin = lower(origin);
    if (rules.allowed_hosts) {
        for (auto& host : *rules.allowed_hosts) host = lower(host);
    }
    return std::make_unique<BrowserGate>(std::move(rules), rest);
}

}  // namespace foldback::server
