#include "ops/admin.hpp"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>

#include "foldback/version.hpp"

namespace foldback::server {
namespace {

Response answer(unsigned status, std::string_view type, std::string text) {
    Response response;
    response.status = status;
    response.set("content-type", std::string(type));
    response.set("cache-control", "no-store");
    response.set("x-content-type-options", "nosniff");
    response.text = std::move(text);
    return response;
}

Response json_answer(unsigned status, const nlohmann::ordered_json& document) {
    return answer(status, "application/json", document.dump() + '\n');
}

/// A name could be anybody's that resolves to this address.
bool is_address(std::string_view host) {
    if (host.starts_with('[')) return true;
    host = host.substr(0, host.find(':'));
    if (host == "localhost") return true;
    return !host.empty() && std::all_of(host.begin(), host.end(), [](unsigned char letter) {
        return std::isdigit(letter) != 0 || letter == '.';
    });
}

class AdminHandler final : public RequestHandler {
public:
    explicit AdminHandler(AdminPages pages) : pages_(std::move(pages)) {}

    Reply handle(Request request) override {
        auto response = page(request);
        if (request.method == Method::head) response.text.clear();
        return response;
    }

    std::optional<Response> refuse_early(Method, std::string_view, std::uint64_t body_bytes) const override {
        if (body_bytes == 0) return std::nullopt;
        return problem(413, "too-large", "No body is expected here.");
    }

private:
    Response page(const Request& request) {
        if (request.method != Method::get && request.method != Method::head) {
            auto refused = problem(405, "method-not-allowed", "Only GET and HEAD are allowed here.");
            refused.set("allow", "GET, HEAD");
            return refused;
        }
        const auto* host = request.header("host");
        if (host != nullptr && !is_address(*host)) {
            return problem(403, "host", "Ask by address: the name in Host could be anybody's.");
        }
        const auto path = std::string_view(request.target).substr(0, request.target.find('?'));
        if (path == "/healthz") return answer(200, "text/plain", "ok\n");
        if (path == "/readyz") return ready();
        if (path == "/metrics") return metrics();
        if (path == "/version") return json_answer(200, {{"name", "foldback"}, {"version", std::string(version())}});
        return problem(404, "no-such-resource", "There is /healthz, /readyz, /metrics and /version.");
    }

    Response ready() const {
        nlohmann::ordered_json checks = nlohmann::ordered_json::object();
        bool is_ready = true;
        for (const auto& [name, problem] : pages_.readiness.checks()) {
            checks[name] = problem.empty() ? "ok" : problem;
            is_ready = is_ready && problem.empty();
        }
        return json_answer(is_ready ? 200 : 503, {{"ready", is_ready}, {"checks", checks}});
    }

    Response metrics() const {
        MetricsText text;
        try {
            for (const auto& source : pages_.sources) source(text);
        } catch (const std::exception& error) {
            return problem(500, "internal", error.what());
        }
        return answer(200, "text/plain; version=0.0.4", std::move(text).take());
    }

    AdminPages pages_;
};

}  // namespace

void Readiness::set(const std::string& check, std::string problem) {
    const std::lock_guard lock(mutex_);
    checks_[check] = std::move(problem);
}

std::map<std::string, std::string> Readiness::checks() const {
    const std::lock_guard lock(mutex_);
    return checks_;
}

std::unique_ptr<RequestHandler> admin_handler(AdminPages pages) {
    return std::make_unique<AdminHandler>(std::move(pages));
}

}  // namespace foldback::server
