#include "ops/admin.hpp"

#include <nlohmann/json.hpp>

#include "server/protocol/surface.hpp"

using namespace foldback::server;

namespace {

class Admin {
public:
    Response get(std::string target, std::string host = "127.0.0.1:4438", Method method = Method::get) {
        Request request;
        request.method = method;
        request.target = std::move(target);
        request.headers = {{"host", std::move(host)}};
        auto reply = handler->handle(std::move(request));
        return std::get<Response>(std::move(reply));
    }

    Readiness readiness;
    std::unique_ptr<RequestHandler> handler =
        admin_handler({.readiness = readiness, .sources = {[](MetricsText& text) {
                                                   text.gauge("one", "One.");
                                                   text.sample({}, std::uint64_t{1});
                                               }}});
};

}  // namespace

TEST_SUITE("admin pages") {
    TEST_CASE("a process that answers is alive, whatever its store does") {
        Admin admin;
        admin.readiness.set("store", "being opened");
        CHECK(admin.get("/healthz").status == 200);
    }

    TEST_CASE("it is ready when every check passes, and else says which does not") {
        Admin admin;
        admin.readiness.set("store", "being opened");
        admin.readiness.set("serving", "");

        const auto before = admin.get("/readyz");
        CHECK(before.status == 503);
        const auto document = nlohmann::json::parse(body(before));
        CHECK(document["ready"] == false);
        CHECK(document["checks"]["store"] == "being opened");
        CHECK(document["checks"]["serving"] == "ok");

        admin.readiness.set("store", "");
        CHECK(admin.get("/readyz").status == 200);
    }

    TEST_CASE("metrics are those of its sources") {
        Admin admin;
        const auto response = admin.get("/metrics");
        CHECK(header(response, "content-type") == "text/plain; version=0.0.4");
        CHECK(body(response) == "# HELP one One.\n# TYPE one gauge\none 1\n");
        CHECK(body(admin.get("/metrics", "127.0.0.1", Method::head)).empty());
    }

    TEST_CASE("nothing else is there, and nothing can be changed") {
        Admin admin;
        CHECK(admin.get("/").status == 404);
        CHECK(admin.get("/metrics", "127.0.0.1", Method::post).status == 405);
        CHECK(admin.get("/version").status == 200);
    }

    TEST_CASE("a name that somebody else may own is not answered") {
        Admin admin;
        CHECK(admin.get("/metrics", "evil.example").status == 403);
        CHECK(admin.get("/metrics", "evil.example:4438").status == 403);
        CHECK(admin.get("/metrics", "").status == 403);
        for (const auto* host : {"localhost", "localhost:4438", "127.0.0.1", "[::1]:4438"}) {
            CHECK(admin.get("/metrics", host).status == 200);
        }
    }
}
