#include <string_view>
#include <utility>

#include "access/rate_counter.hpp"
#include "foldback/server/gates.hpp"
#include "foldback/server/principal.hpp"

namespace foldback::server {

namespace {

class RateGate final : public RequestHandler {
public:
    RateGate(RateLimit limit, CountedAs counted_as, const Clock& clock, RequestHandler& rest)
        : counter_(limit), counted_as_(std::move(counted_as)), clock_(clock), rest_(rest) {}

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        if (const auto who = counted_as_(head); !who.empty()) {
            const auto wait = counter_.take(who, clock_.monotonic());
            if (wait.count() > 0) return too_many(wait);
        }
        return rest_.admit(head, body_bytes);
    }

    Reply handle(Request request) override { return rest_.handle(std::move(request)); }

    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return rest_.refuse_early(method, target, body_bytes);
    }

private:
    [[nodiscard]] static Response too_many(std::chrono::milliseconds wait) {
        auto response = problem(429, "too-many-requests", "There are too many requests from here. Try again later.");
        response.set("retry-after", std::to_string((wait.count() + 999) / 1000));
        return response;
    }

    access::RateCounter counter_;
    const CountedAs counted_as_;
    const Clock& clock_;
    RequestHandler& rest_;
};

}  // namespace

CountedAs by_network(Loopback loopback) {
    return [loopback](const Request& request) -> std::string {
        if (!request.peer || (request.peer->is_loopback && loopback == Loopback::exempt)) return {};
        const auto& network = request.peer->network;
        return {reinterpret_cast<const char*>(network.data()), network.size()};
    };
}

CountedAs by_principal() {
    return
        [](const Request& request) { return request.principal ? std::string(request.principal->id()) : std::string(); };
}

std::unique_ptr<RequestHandler> with_rate_limit(RateLimit limit, CountedAs counted_as, const Clock& clock,
                                                RequestHandler& rest) {
    return std::make_unique<RateGate>(limit, std::move(counted_as), clock, rest);
}

}  // namespace foldback::server
