#include "cli/serve_access.hpp"

#include <atomic>
#include <utility>

#include "cli/failure.hpp"
#include "cli/url.hpp"
#include "foldback/server/debugger.hpp"

namespace foldback::cli {
namespace {

using server::RequestHandler;

/// Handlers one before the other, each borrowing the next; the first is asked.
class Chain final : public RequestHandler {
public:
    explicit Chain(std::unique_ptr<RequestHandler> last) { all_.push_back(std::move(last)); }

    template <class Wrap>
    void put_before(Wrap wrap) {
        all_.push_back(wrap(*all_.back()));
    }

    server::Reply handle(server::Request request) override { return all_.back()->handle(std::move(request)); }
    std::optional<server::Response> refuse_early(server::Method method, std::string_view target,
                                                 std::uint64_t body_bytes) const override {
        return all_.back()->refuse_early(method, target, body_bytes);
    }
    std::optional<server::Response> admit(server::Request& head, std::optional<std::uint64_t> body_bytes) override {
        return all_.back()->admit(head, body_bytes);
    }

private:
    std::vector<std::unique_ptr<RequestHandler>> all_;  ///< the last one first
};

server::RateLimit one_second_of(std::size_t requests) {
    const auto rate = static_cast<double>(requests);
    return {.requests_per_second = rate, .burst = rate};
}

/// How full a store is. Looking costs a little for each segment, so that is done for some appends only.
class Room {
public:
    Room(MeasuredStore& store, std::size_t max_streams, std::size_t max_bytes)
        : store_(store), max_streams_(max_streams), max_bytes_(max_bytes) {}

    bool for_stream() { return (max_streams_ == 0 || store_.stats().streams < max_streams_) && for_data(); }

    bool for_data() {
        constexpr std::int64_t interval_ms = 100;
        if (max_bytes_ == 0) return true;
        const auto now_ms = system_clock().monotonic().count();
        auto next_ms = next_look_ms_.load();
        if (now_ms >= next_ms && next_look_ms_.compare_exchange_strong(next_ms, now_ms + interval_ms)) {
            has_room_ = store_.stats().log_bytes < max_bytes_;
        }
        return has_room_;
    }

private:
    MeasuredStore& store_;
    const std::size_t max_streams_;
    const std::size_t max_bytes_;
    std::atomic<std::int64_t> next_look_ms_{0};
    std::atomic<bool> has_room_{true};
};

std::string host_of(const std::string& url) {
    const auto begin = url.find("://") + 3;
    const auto end = url.find_first_of(url[begin] == '[' ? "/]" : "/:", begin);
    return url.substr(begin, end == std::string::npos ? end : end - begin + (url[end] == ']' ? 1 : 0));
}

}  // namespace

ServeAccess::ServeAccess(const ServeSettings& settings, const ListenAddress& address,
                         std::function<void(const std::string&)> on_trouble)
    : settings_(settings), is_loopback_(address.is_loopback) {
    try {
        if (!settings.access_file.empty()) {
            server::AccessOptions options{
                .key_sets = server::key_sets_by_https({.allow_local = settings.allow_local_jwks}),
                .on_trouble = std::move(on_trouble)};
            control_.emplace(settings.access_file, system_clock(), std::move(options));
        }
        if (!settings.tls_certificate.empty()) {
            tls_ = std::make_shared<server::Tls>(server::TlsOptions{.certificate_file = settings.tls_certificate,
                                                                    .key_file = settings.tls_key,
                                                                    .client_authorities_file = settings.tls_client_ca});
        }
    } catch (const server::AccessError& error) {
        throw Failure(ExitCode::usage, error.what(), "docs/security.md says what an access file looks like.");
    } catch (const server::TlsError& error) {
        throw Failure(ExitCode::usage, error.what(), "docs/security.md says which files TLS needs.");
    }
}

server::BrowserRules ServeAccess::browser_rules() const {
    server::BrowserRules rules{.allowed_origins = parse_list(settings_.cors_origin), .allowed_hosts = {}};
    auto hosts = parse_list(settings_.allowed_hosts);
    const bool any_host = hosts == std::vector<std::string>{"*"};
    if (any_host || (hosts.empty() && (control_ || !is_loopback_))) return rules;
    if (!settings_.api.public_url.empty()) hosts.push_back(host_of(settings_.api.public_url));
    rules.allowed_hosts = std::move(hosts);
    return rules;
}

std::unique_ptr<RequestHandler> ServeAccess::guarded(std::unique_ptr<RequestHandler> handler) const {
    auto chain = std::make_unique<Chain>(std::move(handler));
    const auto limit = [&](std::size_t requests, server::CountedAs counted_as) {
        if (requests == 0) return;
        chain->put_before([&](RequestHandler& rest) {
            return server::with_rate_limit(one_second_of(requests), std::move(counted_as), system_clock(), rest);
        });
    };
    limit(settings_.max_requests_per_second_per_principal, server::by_principal());
    const auto reserved = settings_.api.stream_prefix + "__ds/";
    if (control_) {
        chain->put_before([&](RequestHandler& rest) { return server::with_access(*control_, rest, reserved); });
        if (settings_.debug) chain->put_before(server::with_debugger_page);
    }
    if (settings_.cors_origin != "*") {
        chain->put_before([&](RequestHandler& rest) { return server::with_browser_rules(browser_rules(), rest); });
    }
    limit(settings_.max_requests_per_second_per_address,
          server::by_network(settings_.http.limit_loopback ? server::Loopback::counted : server::Loopback::exempt));
    return chain;
}

std::function<void()> ServeAccess::read_again() const {
    std::vector<std::function<void()>> steps;
    if (control_) steps.push_back(control_->read_again());
    if (tls_) steps.push_back(tls_->read_again());
    return [steps = std::move(steps)] {
        for (const auto& step : steps) step();
    };
}

std::function<bool(server::Growth)> room_in(MeasuredStore& store, const ServeSettings& settings) {
    if (settings.max_streams == 0 && settings.max_stored_bytes == 0) return {};
    auto room = std::make_shared<Room>(store, settings.max_streams, settings.max_stored_bytes);
    return [room](server::Growth growth) {
        return growth == server::Growth::stream ? room->for_stream() : room->for_data();
    };
}

}  // namespace foldback::cli
