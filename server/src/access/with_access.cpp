#include <algorithm>
#include <utility>

#include "access/reply_rule.hpp"
#include "foldback/server/access.hpp"

namespace foldback::server {

namespace {

using std::chrono::milliseconds;

/// A principal that the files no longer know loses its live reads within this time, also when nothing happens there.
constexpr milliseconds longest_leave{60'000};

/// The same for missing, wrong, expired and withdrawn credentials.
Response unauthorized() {
    auto response = problem(401, "unauthorized", "This needs valid credentials.");
    response.set("www-authenticate", "Bearer");
    return response;
}

/// A live read goes on as long as the credentials that opened it hold.
class WhileItHolds final : public access::ReplyRule {
public:
    WhileItHolds(const AccessControl& control, std::shared_ptr<const Principal> principal)
        : control_(control), principal_(std::move(principal)) {}

    std::optional<Response> interruption() const override {
        if (control_.still_holds(*principal_)) return std::nullopt;
        return unauthorized();
    }
    milliseconds left() const override {
        const auto expiry = control_.expiry_of(*principal_);
        if (!expiry) return longest_leave;
        return std::clamp(milliseconds(*expiry - control_.clock().now()), milliseconds(0), longest_leave);
    }

private:
    const AccessControl& control_;
    const std::shared_ptr<const Principal> principal_;
};

class AccessHandler final : public RequestHandler {
public:
    AccessHandler(const AccessControl& control, RequestHandler& rest, std::string open_prefix)
        : control_(control), rest_(rest), open_prefix_(std::move(open_prefix)) {}

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        if (head.method != Method::options) {
            head.principal = control_.identify(head);
            if (!head.principal && !is_open(head)) return unauthorized();
        }
        return rest_.admit(head, body_bytes);
    }

    Reply handle(Request request) override {
        auto principal = request.principal;
        if (!principal && request.method != Method::options && !is_open(request)) return unauthorized();
        auto reply = rest_.handle(std::move(request));
        const bool is_live = !std::holds_alternative<Response>(reply) && !std::holds_alternative<Pending>(reply);
        if (!is_live || !principal) return reply;
        return access::under(std::move(reply), std::make_shared<WhileItHolds>(control_, std::move(principal)));
    }

    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return rest_.refuse_early(method, target, body_bytes);
    }

private:
    [[nodiscard]] bool is_open(const Request& request) const {
        return !open_prefix_.empty() && request.target.starts_with(open_prefix_);
    }

    const AccessControl& control_;
    RequestHandler& rest_;
    const std::string open_prefix_;
};

}  // namespace

std::unique_ptr<RequestHandler> with_access(const AccessControl& control, RequestHandler& rest,
                                            std::string open_prefix) {
    return std::make_unique<AccessHandler>(control, rest, std::move(open_prefix));
}

}  // namespace foldback::server
