#include "api/customers.hpp"

#include "foldback/server/principal.hpp"
#include "orders/api_fixture.hpp"

namespace orders::tests {
namespace {

using foldback::server::Principal;
using foldback::server::Request;
using foldback::server::Verb;

struct Somebody final : Principal {
    Somebody(std::string name, bool is_staff) : name_(std::move(name)), is_staff_(is_staff) {}
    [[nodiscard]] std::string_view id() const noexcept override { return name_; }
    [[nodiscard]] bool may(Verb, std::string_view) const override { return is_staff_; }

private:
    std::string name_;
    bool is_staff_;
};

/// The service behind the customers' gate, asked as a connection asks.
struct CustomersFixture : ApiFixture {
    std::unique_ptr<foldback::server::RequestHandler> gate = api::with_customers(*store, api);

    unsigned status(const char* who, const std::string& target, Method method = Method::get) {
        Request request{.method = method, .target = target};
        request.principal = std::make_shared<Somebody>(who, std::string_view(who) == "token:staff");
        if (auto refused = gate->admit(request, std::nullopt)) return refused->status;
        auto reply = gate->handle(std::move(request));
        auto* response = std::get_if<Response>(&reply);
        return response == nullptr ? 0 : response->status;
    }
};

}  // namespace

TEST_CASE_FIXTURE(CustomersFixture, "a customer reads the streams of his own orders and no others") {
    receive("TEA", 100);
    REQUIRE(place("1", "TEA", 1).status == 201);  // of Ada

    CHECK(status("token:Ada", "/v1/stream/orders/1") == 200);
    CHECK(status("jwt:Ada", "/v1/stream/orders%2F1") == 200);
    CHECK(status("token:Bob", "/v1/stream/orders/1") == 403);
    CHECK(status("token:", "/v1/stream/orders/1") == 403);
    CHECK(status("token:Ada", "/v1/stream/orders/2") == 403);
    CHECK(status("token:Ada", "/v1/stream/orders/%25") == 403);
    CHECK(status("token:Ada", "/v1/stream/stock/TEA") == 403);
    CHECK(status("token:staff", "/v1/stream/stock/TEA") == 200);
}

TEST_CASE_FIXTURE(CustomersFixture, "a customer writes nothing and asks the shop nothing") {
    receive("TEA", 100);
    REQUIRE(place("1", "TEA", 1).status == 201);

    for (const auto method : {Method::put, Method::post, Method::remove}) {
        CHECK(status("token:Ada", "/v1/stream/orders/1", method) == 403);
    }
    CHECK(status("token:Ada", "/api/orders/1") == 403);
    CHECK(status("token:Ada", "/metrics") == 403);
    CHECK(status("token:staff", "/api/orders/1") == 0);  // let through: answered later
}

}  // namespace orders::tests
