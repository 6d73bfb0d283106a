#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/serve_settings.hpp"
#include "foldback/server/access.hpp"
#include "foldback/server/gates.hpp"
#include "foldback/server/tls.hpp"

namespace foldback::cli {

/// What stands between a server and those who reach it: the access file, TLS, rules for browsers, rate limits.
class ServeAccess {
public:
    /// Reads the access file and the certificates, and asks for the keys of a `jwks_url`. `on_trouble` is told of what goes wrong later. Throws
    /// Failure. `settings` must outlive it.
    ServeAccess(const ServeSettings& settings, const ListenAddress& address,
                std::function<void(const std::string&)> on_trouble);

    /// A handler behind all of that. This object must outlive the result.
    [[nodiscard]] std::unique_ptr<server::RequestHandler> guarded(
        std::unique_ptr<server::RequestHandler> handler) const;

    /// Null: plain HTTP.
    [[nodiscard]] const std::shared_ptr<server::Tls>& tls() const noexcept { return tls_; }

    /// Reads the access file and the certificates again and returns what puts them into force. Throws AccessError or TlsError;
    /// nothing changes then.
    [[nodiscard]] std::function<void()> read_again() const;

private:
    [[nodiscard]] server::BrowserRules browser_rules() const;

    const ServeSettings& settings_;
    const bool is_loopback_;
    std::optional<server::AccessControl> control_;
    std::shared_ptr<server::Tls> tls_;
};

/// Whether the store has room for more, as ApiOptions::has_room; empty when the settings name no limit. `store` must
/// outlive it.
[[nodiscard]] std::function<bool(server::Growth)> room_in(MeasuredStore& store, const ServeSettings& settings);

}  // namespace foldback::cli
