#include "foldback/server/api.hpp"

#include <nlohmann/json.hpp>

#include "server/protocol/surface.hpp"

using namespace foldback;
using namespace foldback::server;

namespace {

/// A store whose device fails.
class BrokenStore final : public StreamStore {
public:
    using StreamStore::append;
    using StreamStore::create;
    using StreamStore::remove;

    void create(CreateRequest, Completion<Created> done) override { done(answer); }
    void append(AppendRequest, Completion<Appended> done) override { done(answer); }
    void append_all(std::vector<AppendRequest>, Completion<std::vector<Appended>> done) override { done(answer); }
    void remove(StreamPath, Completion<std::monostate> done) override { done(answer); }
    void truncate_before(StreamPath, Offset, Completion<Offset> done) override { done(answer); }
    Result<ReadPage> read(const ReadRequest&) override { throw StorageError("segment 7 is damaged at byte 99"); }
    FeedPage read_feed(const FeedRequest&) override { throw StorageError("segment 7 is damaged at byte 99"); }
    Result<StreamInfo> head(const StreamPath&) override { throw StorageError("segment 7 is damaged at byte 99"); }
    StreamList list(const ListRequest&) override { throw StorageError("segment 7 is damaged at byte 99"); }
    Position tail() override { return {}; }
    Watch watch(const StreamPath&, Offset, std::function<void()>) override { return {}; }
    Watch watch_feed(Position, std::function<void()>) override { return {}; }

    Refused answer{.reason = Refusal::broken, .detail = "fdatasync of /data/7.log failed"};
};

/// A store that is asked and says nothing yet.
class LateStore final : public StreamStore {
public:
    using StreamStore::append;
    using StreamStore::append_all;
    using StreamStore::create;
    using StreamStore::remove;
    using StreamStore::truncate_before;

    void create(CreateRequest, Completion<Created> done) override { keep(std::move(done)); }
    void append(AppendRequest, Completion<Appended> done) override { keep(std::move(done)); }
    void append_all(std::vector<AppendRequest>, Completion<std::vector<Appended>> done) override {
        keep(std::move(done));
    }
    void remove(StreamPath, Completion<std::monostate> done) override { keep(std::move(done)); }
    void truncate_before(StreamPath, Offset, Completion<Offset> done) override { keep(std::move(done)); }
    Result<ReadPage> read(const ReadRequest&) override { return ReadPage(); }
    FeedPage read_feed(const FeedRequest&) override { return {}; }
    Result<StreamInfo> head(const StreamPath&) override { return Refused{.reason = Refusal::not_found}; }
    StreamList list(const ListRequest&) override { return {}; }
    Position tail() override { return {}; }
    Watch watch(const StreamPath&, Offset, std::function<void()>) override { return {}; }
    Watch watch_feed(Position, std::function<void()>) override { return {}; }

    std::function<void(const Refused&)> answer;

private:
    template <class Done>
    void keep(Done done) {
        answer = [done = std::move(done)](const Refused& refused) { done(refused); };
    }
};

struct Broken {
    Response call(Method method, const std::string& target, std::string body = {}) {
        Request request;
        request.method = method;
        request.target = target;
        request.headers = {{"content-type", "text/plain"}};
        request.body = std::move(body);
        auto reply = api.handle(std::move(request));
        if (auto* response = std::get_if<Response>(&reply)) return *response;
        Response answered;
        std::get<Pending>(reply).start([&](Response response) { answered = std::move(response); });
        return answered;
    }

    BrokenStore store;
    ManualClock clock;
    Api api{store, {}, clock};
};

}  // namespace

TEST_SUITE("api") {
    TEST_CASE("what breaks is a 500 without internals, and reported") {
        Broken broken;
        std::vector<std::string> errors;
        broken.api.on_error = [&](const std::string& what) { errors.push_back(what); };

        for (const auto* target : {"/v1/stream/s", "/v1/stream/s?offset=-1&live=long-poll",
                                   "/v1/stream/s?offset=-1&live=sse", "/v1/feed", "/v1/streams"}) {
            CAPTURE(target);
            const auto response = broken.call(Method::get, target);
            CHECK(response.status == 500);
            CHECK(body(response).find("segment") == std::string::npos);
            CHECK(header(response, "x-content-type-options") == "nosniff");
        }
        CHECK(errors == std::vector<std::string>(5, "segment 7 is damaged at byte 99"));
    }

    TEST_CASE("a store may answer when the surface that asked it is gone") {
        const std::vector<std::pair<Method, Headers>> requests{{Method::put, {}},
                                                               {Method::post, {}},
                                                               {Method::remove, {}},
                                                               {Method::post, {{"stream-truncate-before", "now"}}},
                                                               {Method::other, {}}};
        for (const auto& [method, headers] : requests) {
            LateStore store;
            ManualClock clock;
            auto alive = std::make_shared<int>();
            const std::weak_ptr<int> still_alive = alive;
            ApiOptions options;
            options.is_held = [alive = std::exchange(alive, nullptr)](std::string_view) { return false; };
            auto api = std::make_unique<Api>(store, std::move(options), clock);
            Request request{.method = method, .target = "/v1/stream/s", .headers = headers};
            request.headers.emplace_back("content-type", "text/plain");
            if (headers.empty() && method == Method::post) request.body = "x";
            if (method == Method::other) {
                request = {.method = Method::post, .target = "/v1/append"};
                request.body = R"({"appends":[{"stream":"s","content_type":"text/plain","base64":"eA=="}]})";
            }
            unsigned status = 0;
            auto reply = api->handle(std::move(request));
            std::get<Pending>(reply).start([&](const Response& response) { status = response.status; });
            reply = Response();

            api.reset();
            CHECK_FALSE(still_alive.expired());
            REQUIRE(store.answer);
            store.answer({.reason = Refusal::stopped});
            CHECK(status == 503);
            store.answer = nullptr;
            CHECK(still_alive.expired());
        }
    }

    TEST_CASE("refusals of a store in trouble have their own statuses and tell strangers nothing") {
        Broken broken;
        const auto status = [&](Refusal reason) {
            broken.store.answer.reason = reason;
            const auto response = broken.call(Method::post, "/v1/stream/s", "x");
            CHECK(body(response).find("fdatasync") == std::string::npos);
            return response.status;
        };

        CHECK(status(Refusal::broken) == 503);
        CHECK(status(Refusal::stopped) == 503);
        CHECK(status(Refusal::full) == 507);
        broken.store.answer = {.reason = Refusal::busy};
        const auto busy = broken.call(Method::put, "/v1/stream/s");
        CHECK(busy.status == 503);
        CHECK(header(busy, "retry-after") == "1");
        broken.store.answer = {.reason = Refusal::too_many_producers};
        CHECK(broken.call(Method::remove, "/v1/stream/s").status == 429);
    }

    TEST_CASE("every response has the headers that keep browsers from misusing it, once") {
        Surface surface({.cors_origin = "*"});
        surface.put("/v1/stream/s", "text/plain", "x");
        const std::vector<Response> responses{
            surface.get("/v1/stream/s"),
            surface.get("/v1/stream/none"),
            surface.get("/elsewhere"),
            surface.get("/%"),
            surface.get("/v1/feed"),
            surface.get("/v1/streams"),
            surface.get("/v1/stream/s?offset=-1&live=long-poll"),
            surface.put("/v1/stream/t", "text/plain"),
            surface.post("/v1/stream/s", "text/plain", "y"),
            surface.post("/v1/stream/s", "text/plain", ""),
            surface.call(Method::head, "/v1/stream/s"),
            surface.call(Method::remove, "/v1/stream/t"),
            surface.call(Method::options, "/v1/stream/s"),
        };

        for (const auto& response : responses) {
            CHECK(header(response, "x-content-type-options") == "nosniff");
            CHECK(header(response, "cross-origin-resource-policy") == "cross-origin");
            CHECK(header(response, "access-control-allow-origin") == "*");
            CHECK(header(response, "access-control-expose-headers").find("Stream-Next-Offset") != std::string::npos);
            for (const auto& field : response.headers) {
                CAPTURE(field.first);
                CHECK(std::count_if(response.headers.begin(), response.headers.end(),
                                    [&](const auto& other) { return other.first == field.first; }) == 1);
            }
        }
    }

    TEST_CASE("a preflight allows what the protocol uses") {
        Surface surface({.cors_origin = "*"});

        const auto response = surface.call(Method::options, "/v1/stream/s", {{"origin", "https://example.com"}});

        CHECK(response.status == 204);
        CHECK(header(response, "access-control-allow-methods") == "GET, HEAD, PUT, POST, DELETE, OPTIONS");
        for (const auto* name :
             {"If-None-Match", "If-Match", "Content-Type", "Producer-Seq", "Stream-Forked-From", "Authorization"}) {
            CHECK(header(response, "access-control-allow-headers").find(name) != std::string::npos);
        }
        CHECK(header(surface.call(Method::options, "/v1/feed"), "allow") == "GET, HEAD, OPTIONS");
    }

    TEST_CASE("without an allowed origin there are no CORS headers") {
        Surface surface;

        const auto response = surface.get("/v1/streams");

        CHECK(header(response, "cross-origin-resource-policy") == "same-origin");
        CHECK_FALSE(has_header(response, "access-control-allow-origin"));
        CHECK_FALSE(has_header(surface.call(Method::options, "/v1/stream/s"), "access-control-allow-methods"));
    }

    TEST_CASE("a request that is refused whatever its body is refused before it") {
        Surface surface({.max_body_bytes = 100});
        const auto status = [&](Method method, const char* target, std::uint64_t bytes) {
            const auto refusal = surface.api.refuse_early(method, target, bytes);
            return refusal ? refusal->status : 0;
        };

        CHECK(status(Method::post, "/v1/stream/s", 100) == 0);
        CHECK(status(Method::post, "/v1/stream/s", 101) == 413);
        CHECK(status(Method::post, "/elsewhere", 1) == 404);
        CHECK(status(Method::post, "/v1/feed", 1) == 405);
        CHECK(status(Method::other, "/v1/stream/s", 0) == 405);
        CHECK(status(Method::put, "/v1/stream/%zz", 0) == 400);
        CHECK(has_header(surface.api.refuse_early(Method::other, "/v1/stream/s", 0).value(), "allow"));
    }

    TEST_CASE("the prefix of streams is an option") {
        Surface surface({.stream_prefix = "/streams/"});

        CHECK(surface.put("/streams/a", "text/plain").status == 201);
        CHECK(surface.get("/v1/stream/a").status == 404);
        CHECK(surface.call(Method::put, "/streams/b", {{"stream-forked-from", "/streams/a"}}).status == 201);
    }

    TEST_CASE("a problem document names the problem") {
        const auto response = problem(409, "some-code", "It is \"quoted\".");

        CHECK(response.status == 409);
        CHECK(header(response, "content-type") == "application/problem+json");
        CHECK(nlohmann::json::parse(body(response)) == nlohmann::json{{"type", "about:blank"},
                                                                      {"title", "Conflict"},
                                                                      {"status", 409},
                                                                      {"code", "some-code"},
                                                                      {"detail", "It is \"quoted\"."}});
    }

}  // TEST_SUITE

TEST_SUITE("head and delete") {
    TEST_CASE("HEAD tells what is known of a stream, without a body") {
        Surface surface;
        const auto tail = header(surface.put("/v1/stream/s", "application/json", "[1]", {{"stream-ttl", "3600"}}),
                                 "stream-next-offset");
        surface.put("/v1/stream/t", "text/plain", "",
                    {{"stream-expires-at", "2030-01-01T01:00:00+01:00"}, {"stream-closed", "true"}});

        const auto response = surface.call(Method::head, "/v1/stream/s");
        CHECK(response.status == 200);
        CHECK(header(response, "content-type") == "application/json");
        CHECK(header(response, "stream-next-offset") == tail);
        CHECK(header(response, "stream-ttl") == "3600");
        CHECK(header(response, "cache-control") == "no-store");
        CHECK_FALSE(has_header(response, "stream-closed"));
        const auto other = surface.call(Method::head, "/v1/stream/t");
        CHECK(header(other, "stream-expires-at") == "2030-01-01T00:00:00.000Z");
        CHECK(header(other, "stream-closed") == "true");
        const auto none = surface.call(Method::head, "/v1/stream/none");
        CHECK(none.status == 404);
        CHECK(body(none).empty());
    }

    TEST_CASE("a deleted stream is gone, and its name is free") {
        Surface surface;
        surface.put("/v1/stream/s", "text/plain", "old");

        CHECK(surface.call(Method::remove, "/v1/stream/s").status == 204);

        CHECK(surface.call(Method::remove, "/v1/stream/s").status == 404);
        CHECK(surface.get("/v1/stream/s").status == 404);
        CHECK(surface.put("/v1/stream/s", "text/plain", "new").status == 201);
        CHECK(body(surface.get("/v1/stream/s")) == "new");
    }

}  // TEST_SUITE
