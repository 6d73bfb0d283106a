#include <doctest/doctest.h>

#include <atomic>
#include <string>

#include "contract/store_fixture.hpp"
#include "foldback/server/request_handler.hpp"
#include "foldback/store/log_store.hpp"
#include "support/served_store.hpp"

using namespace foldback;

namespace {

/// Answers a bounded number of reads; who asks for more goes round in circles.
class BoundedReads final : public server::RequestHandler {
public:
    BoundedReads(server::RequestHandler& rest, int most) : rest_(rest), left_(most) {}

    server::Reply handle(server::Request request) override {
        if (request.method == server::Method::get && --left_ < 0)
            return server::problem(400, "too-many-reads", "There were too many reads.");
        return rest_.handle(std::move(request));
    }
    std::optional<server::Response> refuse_early(server::Method method, std::string_view target,
                                                 std::uint64_t bytes) const override {
        return rest_.refuse_early(method, target, bytes);
    }

private:
    server::RequestHandler& rest_;
    std::atomic<int> left_;
};

Messages json(const std::string& body) { return Messages::json(body).value(); }

}  // namespace

TEST_CASE("a stream of several answers is read from its beginning, however many later places are known") {
    constexpr int large = 12;   // of which three or so fill an answer of the server's
    constexpr int small = 100;  // more than places are remembered
    const auto log = LogStore::in_memory();
    test::ServedStore served(*log, system_clock(),
                             [](server::RequestHandler& rest) { return std::make_unique<BoundedReads>(rest, 1000); },
                             {});
    const auto store = HttpStore::open(served.url() + "/v1/stream", {.server = StoreServer::durable_streams});
    REQUIRE(store->create({.stream = "s", .config = {.content_type = "application/json"}}));
    const std::string text(1 << 20, 'x');
    for (int number = 0; number < large; ++number)
        REQUIRE(log->append({.stream = "s", .messages = json('"' + text + '"')}));
    for (int number = 0; number < small; ++number)
        REQUIRE(store->append({.stream = "s", .messages = json(std::to_string(number))}));

    std::uint64_t read = 0;
    for (bool is_over = false; !is_over;) {
        const auto page = store->read({.stream = "s", .from = Offset{read}, .max_bytes = 16 << 20}).value();
        CHECK(page.start.offset.value == read);
        read = page.next.offset.value;
        is_over = page.up_to_date;
    }

    CHECK(read == large + small);
}
