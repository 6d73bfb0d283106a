#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foldback/server/request_handler.hpp"
#include "foldback/store/clock.hpp"

/// What stands before the handler of requests and lets only some through. All must be outlived by what they are given.
namespace foldback::server {

/// What a page in somebody's browser may ask (docs/security.md, "Browsers").
struct BrowserRules {
    /// Origins such as `https://app.example` whose pages may ask, beside pages of this server.
    std::vector<std::string> allowed_origins{};
    /// By which names the server may be asked, without port; those of the loopback always may. Absent: by any. Without
    /// this a foreign page could have its own name resolved to this machine (DNS rebinding).
    std::optional<std::vector<std::string>> allowed_hosts{};
};

/// Refuses (403) requests under a foreign name, from pages of foreign origins and cross-site requests that are no
/// navigation. Pages of allowed origins may read the answers (CORS); preflights are answered for them.
[[nodiscard]] std::unique_ptr<RequestHandler> with_browser_rules(BrowserRules rules, RequestHandler& rest);

struct RateLimit {
    double requests_per_second = 0;
    /// How many may come at once.
    double burst = 0;
};

/// Whose requests are counted together; empty: not counted.
using CountedAs = std::function<std::string(const Request&)>;

/// The sender's network, or nobody's when it is this machine and `loopback` is not counted.
enum class Loopback : std::uint8_t { counted, exempt };
[[nodiscard]] CountedAs by_network(Loopback loopback);
/// Its principal.
[[nodiscard]] CountedAs by_principal();

/// Refuses (429, with Retry-After) who asks more often than that.
[[nodiscard]] std::unique_ptr<RequestHandler> with_rate_limit(RateLimit limit, CountedAs counted_as, const Clock& clock,
                                                              RequestHandler& rest);

}  // namespace foldback::server
