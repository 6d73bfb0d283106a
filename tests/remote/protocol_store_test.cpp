#include <doctest/doctest.h>

#include <atomic>
#include <functional>
#include <string>

#include "contract/store_fixture.hpp"
#include "foldback/server/request_handler.hpp"
#include "foldback/store/log_store.hpp"
#include "server/delivery/receiver.hpp"
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

/// A server of the protocol that a test plays, and a store over it. It has no stream but `s`.
class Played {
public:
    /// Answers a request, which begins with its line.
    using Script = std::function<std::string(const std::string& request)>;

    explicit Played(Script script) : script_(std::move(script)) {}

    [[nodiscard]] StreamStore& store() noexcept { return *store_; }

private:
    void serve(int descriptor) {
        for (;;) {
            const auto request = server::read_request(descriptor);
            if (request.empty()) return;
            const bool is_known = request.find(" /s") != std::string::npos;
            if (!server::write_text(descriptor, is_known ? script_(request) : server::reply("404 No", ""))) return;
        }
    }

    Script script_;
    server::Receiver receiver_{[this](int descriptor) { serve(descriptor); }};
    std::unique_ptr<HttpStore> store_ = HttpStore::open(
        receiver_.url(""), {.server = StoreServer::durable_streams, .patience = std::chrono::seconds(5)});
};

bool asks(const std::string& request, const std::string& line) { return request.starts_with(line + " HTTP/1.1\r\n"); }

std::string page(const std::string& next_offset, const std::string& body, bool is_last) {
    return "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nstream-next-offset: " + next_offset + "\r\n" +
           (is_last ? "stream-up-to-date: true\r\n" : "") + "content-length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

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

TEST_CASE("an offset goes back to its server as it came, whatever it is made of") {
    Played server([](const std::string& request) {
        if (asks(request, "GET /s?offset=-1")) return page("1+%", "[10]", false);
        if (asks(request, "GET /s?offset=1%2B%25")) return page("2+%", "[20]", true);
        return server::reply("400 What", "");
    });

    const auto second = server.store().read({.stream = "s", .from = Offset{1}}).value();

    REQUIRE(second.runs.size() == 1);
    CHECK(second.runs.front().data == "20");
}

TEST_CASE("a server that does not know its own offsets is not asked for ever") {
    Played server([](const std::string& request) {
        if (asks(request, "GET /s?offset=-1")) return page("1", "[10]", false);
        return server::reply("400 What", "");
    });

    const auto second = server.store().read({.stream = "s", .from = Offset{1}});

    REQUIRE_FALSE(second.has_value());
    CHECK(second.error().reason == Refusal::bad_offset);
}

TEST_CASE("what does not say where it ends is not taken for a page of the stream") {
    Played server([](const std::string&) {
        return "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 12\r\n\r\nPlease pay..";
    });

    CHECK_THROWS_AS((void)server.store().read({.stream = "s"}), StorageError);
}

TEST_CASE("what does not say where the stream ends is not taken for an acknowledgement") {
    Played server([](const std::string& request) {
        if (request.starts_with("GET")) return page("-1", "[]", true);
        return server::reply("200 OK", "Please pay..");
    });

    CHECK_THROWS_AS((void)server.store().append({.stream = "s", .messages = json("1"), .expected = Offset{0}}),
                    OutcomeUnknown);
}

TEST_CASE("every read is the server's own, and none of a cache on the way") {
    Played server([](const std::string& request) {
        return request.find("\r\ncache-control: no-cache\r\n") == std::string::npos ? page("0", "[]", true)
                                                                                    : page("1", "[10]", true);
    });

    CHECK(server.store().read({.stream = "s"}).value().tail.offset == Offset{1});
}
