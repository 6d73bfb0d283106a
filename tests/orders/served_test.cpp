#include <array>
#include <thread>

#include "foldback/server/http_server.hpp"
#include "orders/api_fixture.hpp"
#include "server/http/raw_client.hpp"
#include "support/temporary_directory.hpp"

namespace orders::tests {
namespace {

/// The whole service on disk and behind a socket, as `orders serve` puts it together.
struct Served {
    foldback::test::TemporaryDirectory directory;
    std::unique_ptr<foldback::LogStore> store = foldback::LogStore::open(directory.path() / "store");
    std::shared_ptr<foldback::Database> database = foldback::Database::open(directory.path() / "read-models.db");
    Shop shop{*store, database};
    foldback::server::Api streams{*store, {}, foldback::system_clock()};
    api::OrderApi api{shop, streams, 1, 1};
    foldback::server::HttpServer http{api, {.port = 0, .threads = 2}};

    Served() {
        shop.start();
        http.start();
    }
    ~Served() { CHECK(http.stop(std::chrono::seconds(10))); }

    [[nodiscard]] RawClient client() const { return RawClient(http.port()); }
};

ReceivedResponse post(RawClient& client, const std::string& target, const std::string& key, const std::string& body) {
    client.send("POST " + target + " HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nidempotency-key: " + key +
                "\r\ncontent-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.receive();
}

}  // namespace

TEST_CASE_FIXTURE(Served, "what was written is read back at once through the position") {
    auto client = this->client();
    REQUIRE(post(client, "/api/stock/TEA/receive", "r", R"({"quantity":1000})").status == 200);
    for (int i = 0; i < 20; ++i) {
        const auto id = std::to_string(i);
        const auto placed = post(client, "/api/orders/" + id + "/place", "p" + id, ApiFixture::order_of("TEA", 1));
        REQUIRE(placed.status == 201);

        const auto shown = client.get("/api/orders/" + id + "?at_least=" + json::parse(placed.body)["position"].dump());

        REQUIRE(shown.status == 200);
        CHECK(json::parse(shown.body)["summary"]["status"] == "placed");
    }
}

TEST_CASE_FIXTURE(Served, "clients that race for the last pieces get exactly those") {
    constexpr int pieces = 10;
    constexpr int clients = 4;
    auto client = this->client();
    REQUIRE(post(client, "/api/stock/TEA/receive", "r", R"({"quantity":)" + std::to_string(pieces) + "}").status ==
            200);

    std::array<int, clients> placed{};
    std::array<int, clients> others{};
    std::vector<std::thread> racers;
    for (std::size_t racer = 0; racer < clients; ++racer) {
        racers.emplace_back([&, racer] {
            auto own = this->client();
            for (int i = 0; i < pieces; ++i) {
                const auto id = std::to_string(racer) + "-" + std::to_string(i);
                // A lost race is an invitation to ask again.
                for (int attempt = 0; attempt < 50; ++attempt) {
                    const auto response =
                        post(own, "/api/orders/" + id + "/place", "k" + id, ApiFixture::order_of("TEA", 1));
                    if (response.status == 409) continue;
                    if (response.status == 201) ++placed[racer];
                    if (response.status != 201 && json::parse(response.body)["code"] != "out-of-stock") ++others[racer];
                    break;
                }
            }
        });
    }
    for (auto& racer : racers) racer.join();

    CHECK(placed[0] + placed[1] + placed[2] + placed[3] == pieces);
    CHECK(others == std::array<int, clients>{});
    const auto stock = client.get("/api/stock?at_least=" + std::to_string(store->tail().value));
    CHECK(json::parse(stock.body)["stock"][0]["available"] == 0);
}

TEST_CASE_FIXTURE(Served, "one key sent by several clients at once is carried out once, and all get that answer") {
    auto client = this->client();
    REQUIRE(post(client, "/api/stock/TEA/receive", "r", R"({"quantity":100})").status == 200);

    constexpr std::size_t clients = 6;
    std::array<ReceivedResponse, clients> answers;
    std::vector<std::thread> senders;
    for (std::size_t i = 0; i < clients; ++i) {
        senders.emplace_back([&, i] {
            auto own = this->client();
            answers[i] = post(own, "/api/orders/42/place", "one", ApiFixture::order_of("TEA", 3));
        });
    }
    for (auto& sender : senders) sender.join();

    int first = 0;
    for (const auto& answer : answers) {
        CHECK(answer.status == 201);
        CHECK(answer.body == answers[0].body);
        first += answer.header("idempotent-replayed") == "true" ? 0 : 1;
    }
    CHECK(first == 1);
}

TEST_CASE_FIXTURE(Served, "pages, the API and the protocol's streams share one port") {
    auto client = this->client();
    REQUIRE(post(client, "/api/stock/TEA/receive", "r", R"({"quantity":100})").status == 200);

    const auto page = client.get("/");
    CHECK(page.status == 200);
    CHECK(page.header("content-type") == "text/html; charset=utf-8");
    CHECK(page.header("content-security-policy").starts_with("default-src 'self'"));
    const auto stream = client.get("/v1/stream/stock/TEA?offset=-1");
    CHECK(stream.status == 200);
    CHECK(json::parse(stream.body)[0]["type"] == "StockReceived");
    CHECK(client.get("/nothing").status == 404);
    CHECK(client.get("/api/openapi.json").status == 200);
}

TEST_CASE_FIXTURE(Served, "a body that is too large is refused before it is read") {
    auto client = this->client();
    client.send("POST /api/orders/1/place HTTP/1.1\r\nhost: x\r\nidempotency-key: k\r\ncontent-length: 300000\r\n\r\n");

    CHECK(client.receive().status == 413);
}

}  // namespace orders::tests
