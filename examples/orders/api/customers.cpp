#include "api/customers.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "api/order_api.hpp"
#include "app/order_commands.hpp"
#include "domain/order.hpp"
#include "foldback/app/aggregate_path.hpp"
#include "foldback/app/repository.hpp"
#include "foldback/server/principal.hpp"
#include "foldback/store/errors.hpp"

namespace orders::api {
namespace {

using foldback::server::Principal;
using foldback::server::Request;
using foldback::server::Response;
using foldback::server::Verb;

/// Who an id such as `token:Ada` or `jwt:Ada` is.
std::string_view name_of(const Principal& principal) {
    const auto id = principal.id();
    return id.substr(id.find(':') + 1);
}

/// A principal who may read his own orders, too. Whose an order is, its first event says, and no later one changes it.
class Customer final : public Principal {
public:
    Customer(std::shared_ptr<const Principal> inner, foldback::Repository<Order>& orders)
        : inner_(std::move(inner)), orders_(orders) {}

    [[nodiscard]] std::string_view id() const noexcept override { return inner_->id(); }

    [[nodiscard]] bool may(Verb verb, std::string_view path) const override {
        return inner_->may(verb, path) || (verb == Verb::read && owns(path));
    }

    [[nodiscard]] foldback::server::Quota quota() const noexcept override { return inner_->quota(); }

private:
    [[nodiscard]] bool owns(std::string_view path) const {
        const std::string folder = std::string(order_category) + "/";
        if (!path.starts_with(folder) || path.find('/', folder.size()) != std::string_view::npos) return false;
        try {
            const auto order = orders_.load(foldback::id_of_segment(path.substr(folder.size())));
            return !order.state().customer.empty() && order.state().customer == name_of(*inner_);
        } catch (const std::invalid_argument&) {
            return false;  // no path of an order
        } catch (const foldback::RefusedError&) {
            return false;  // deleted
        }
    }

    std::shared_ptr<const Principal> inner_;
    foldback::Repository<Order>& orders_;
};

class CustomersFirst final : public foldback::server::RequestHandler {
public:
    CustomersFirst(foldback::StreamStore& store, foldback::server::RequestHandler& rest)
        : orders_(store, {.category = order_category, .hot_aggregates = 10'000}), rest_(rest) {}

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        const bool is_for_staff = head.target.starts_with("/api/") || head.target.starts_with(metrics_path);
        if (is_for_staff && head.principal && !head.principal->may(Verb::admin, {})) {
            return foldback::server::problem(403, "forbidden", "this is for the shop's own people");
        }
        return rest_.admit(head, body_bytes);
    }

    foldback::server::Reply handle(Request request) override {
        if (request.principal) {
            request.principal = std::make_shared<Customer>(std::move(request.principal), orders_);
        }
        return rest_.handle(std::move(request));
    }

    std::optional<Response> refuse_early(foldback::server::Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return rest_.refuse_early(method, target, body_bytes);
    }

private:
    foldback::Repository<Order> orders_;
    foldback::server::RequestHandler& rest_;
};

}  // namespace

std::unique_ptr<foldback::server::RequestHandler> with_customers(foldback::StreamStore& store,
                                                                 foldback::server::RequestHandler& rest) {
    return std::make_unique<CustomersFirst>(store, rest);
}

}  // namespace orders::api
