#include "ops/observer.hpp"

#include "foldback/server/gates.hpp"
#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

/// The HTTP surface behind an observer that tells of everything.
class Watched {
public:
    Watched() {
        ObserverOptions options;
        options.wants = [](unsigned, std::chrono::nanoseconds, bool) { return true; };
        options.tell = [this](const RequestRecord& record) { records.push_back(record); };
        handler = observed(handler_of(surface.api), metrics, std::move(options));
    }

    Reply reply(Method method, std::string target, Headers headers = {}, std::string body = {}) {
        Request request;
        request.method = method;
        request.target = std::move(target);
        request.headers = std::move(headers);
        request.body = std::move(body);
        request.request_id = "id-1";
        return handler->handle(std::move(request));
    }

    Response call(Method method, std::string target, Headers headers = {}, std::string body = {}) {
        auto given = reply(method, std::move(target), std::move(headers), std::move(body));
        if (auto* response = std::get_if<Response>(&given)) return std::move(*response);
        return surface.finish(std::get<Pending>(given));
    }

    [[nodiscard]] bool counted(const std::string& line) const {
        MetricsText text;
        metrics.write(text);
        return std::move(text).take().find(line + "\n") != std::string::npos;
    }

    Surface surface;
    RequestMetrics metrics;
    std::vector<RequestRecord> records;
    std::unique_ptr<RequestHandler> handler;
};

const Headers json{{"content-type", "application/json"}};

}  // namespace

TEST_SUITE("observer") {
    TEST_CASE("requests that are answered at once and by a write are counted and told of") {
        Watched watched;
        CHECK(watched.call(Method::put, "/v1/stream/s", json, "[1]").status == 201);
        CHECK(watched.call(Method::post, "/v1/stream/s", json, "[2]").status == 204);
        CHECK(body(watched.call(Method::get, "/v1/stream/s?offset=-1")) == "[1,2]");

        REQUIRE(watched.records.size() == 3);
        const auto& read = watched.records.back();
        CHECK(read.request_id == "id-1");
        CHECK(read.path == "/v1/stream/s");
        CHECK(read.route == RequestRoute::stream);
        CHECK(read.method == Method::get);
        CHECK(read.status == 200);
        CHECK(read.bytes == 5);
        CHECK(watched.counted(R"(foldback_http_requests_total{route="stream",method="POST",code="204"} 1)"));
        CHECK(watched.counted(R"(foldback_read_bytes_total{mode="catch_up"} 5)"));
        CHECK(watched.counted("foldback_append_bytes_total 3"));
    }

    TEST_CASE("an answer that comes when the handler is gone is counted and told of") {
        struct Asked final : RequestHandler {
            explicit Asked(Respond& asked) : respond(asked) {}
            Reply handle(Request) override {
                return Pending{[this](Respond given) { respond = std::move(given); }};
            }
            std::optional<Response> refuse_early(Method, std::string_view, std::uint64_t) const override {
                return std::nullopt;
            }
            Respond& respond;
        };
        Respond respond;
        RequestMetrics metrics;
        unsigned told = 0;
        auto alive = std::make_shared<int>();
        const std::weak_ptr<int> still_alive = alive;
        ObserverOptions options;
        options.wants = [](unsigned, std::chrono::nanoseconds, bool) { return true; };
        options.tell = [&told, alive = std::exchange(alive, nullptr)](const RequestRecord& record) {
            told = record.status;
        };
        auto handler = observed(std::make_unique<Asked>(respond), metrics, std::move(options));
        unsigned status = 0;
        std::get<Pending>(handler->handle({})).start([&](const Response& response) { status = response.status; });

        handler.reset();
        CHECK_FALSE(still_alive.expired());
        respond({.status = 503});
        CHECK(status == 503);
        CHECK(told == 503);
        respond = nullptr;
        CHECK(still_alive.expired());
    }

    TEST_CASE("the trace of a request is told when its traceparent is valid, credentials and queries never are") {
        Watched watched;
        const std::string trace = "0af7651916cd43dd8448eb211c80319c";
        watched.call(Method::get, "/v1/stream/s?secret=1",
                     {{"traceparent", "00-" + trace + "-b7ad6b7169203331-01"}, {"authorization", "Bearer secret"}});
        watched.call(Method::get, "/v1/stream/s", {{"traceparent", "00-" + trace}});

        CHECK(watched.records[0].trace_id == trace);
        CHECK(watched.records[0].path.find("secret") == std::string::npos);
        CHECK(watched.records[1].trace_id.empty());
    }

    TEST_CASE("a long-poll is a live reader until it is answered, and its wait is no slowness") {
        Watched watched;
        watched.call(Method::put, "/v1/stream/s", json);
        {
            auto given = watched.reply(Method::get, "/v1/stream/s?offset=now&live=long-poll");
            auto poll = std::get<std::unique_ptr<LongPoll>>(std::move(given));
            CHECK(watched.counted(R"(foldback_live_readers{mode="long_poll"} 1)"));
            CHECK_FALSE(poll->poll());
            bool told = false;
            const auto watch = poll->watch([&] { told = true; });
            watched.call(Method::post, "/v1/stream/s", json, "[1]");
            REQUIRE(told);
            CHECK(poll->poll()->status == 200);
        }
        CHECK(watched.counted(R"(foldback_live_readers{mode="long_poll"} 0)"));
        CHECK(watched.counted("foldback_live_wake_seconds_count 1"));
        CHECK(watched.counted(R"(foldback_read_bytes_total{mode="long_poll"} 3)"));
        CHECK(watched.records.back().is_live);
    }

    TEST_CASE("the bytes of an event stream are counted as they are sent") {
        Watched watched;
        watched.call(Method::put, "/v1/stream/s", json, "[1]");
        auto given = watched.reply(Method::get, "/v1/stream/s?offset=-1&live=sse");
        auto events = std::get<std::unique_ptr<EventStream>>(std::move(given));
        CHECK(events->head().status == 200);
        const auto sent = events->next().bytes.size();

        CHECK(sent > 0);
        CHECK(watched.counted(R"(foldback_read_bytes_total{mode="sse"} )" + std::to_string(sent)));
        CHECK(watched.counted(R"(foldback_live_readers{mode="sse"} 1)"));
        events.reset();
        CHECK(watched.counted(R"(foldback_live_readers{mode="sse"} 0)"));
    }

    TEST_CASE("what is refused before its body is read is counted, too") {
        Watched watched;
        CHECK(watched.handler->refuse_early(Method::post, "/v1/stream/s", 1ULL << 40));
        CHECK(watched.counted(R"(foldback_http_requests_total{route="stream",method="POST",code="413"} 1)"));
    }

    TEST_CASE("an answer that says the server failed carries the request's id") {
        class Failing final : public RequestHandler {
            Reply handle(Request) override { return problem(500, "internal", "It failed."); }
            std::optional<Response> refuse_early(Method, std::string_view, std::uint64_t) const override { return {}; }
        };
        RequestMetrics metrics;
        const auto handler = observed(std::make_unique<Failing>(), metrics, {});
        Request request;
        request.request_id = "id-7";
        const auto reply = handler->handle(std::move(request));
        CHECK(header(std::get<Response>(reply), "x-request-id") == "id-7");
    }

    TEST_CASE("what a gate behind the observer refuses is refused, counted and told of") {
        Surface surface;
        RequestMetrics metrics;
        std::vector<unsigned> statuses;
        ObserverOptions options;
        options.wants = [](unsigned, std::chrono::nanoseconds, bool) { return true; };
        options.tell = [&](const RequestRecord& record) { statuses.push_back(record.status); };
        const auto api = handler_of(surface.api);
        const auto handler = observed(with_browser_rules({.allowed_hosts = std::vector<std::string>{}}, *api), metrics,
                                      std::move(options));
        Request request;
        request.target = "/v1/streams";
        request.headers = {{"host", "evil.example"}};

        const auto refused = handler->admit(request, std::nullopt);

        REQUIRE(refused);
        CHECK(refused->status == 403);
        CHECK(statuses == std::vector<unsigned>{403});
    }
}
