#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"
#include "server/access/guarded.hpp"

using namespace foldback;
using namespace foldback::server;

/// Subscriptions behind an access file: some of their requests carry tokens that the file does not know.
namespace {

class TwoPaths final : public ReservedApi {
public:
    std::string_view methods(std::string_view path) const override {
        return path == "open" || path == "closed" ? "GET, OPTIONS" : std::string_view();
    }
    bool is_open(std::string_view path) const override { return path == "open"; }
    Reply handle(Request /*request*/, std::string_view /*path*/) override { return Response{.status = 204}; }
};

class Reserved {
public:
    explicit Reserved(const std::string& policy) {
        std::ofstream(file_) << policy;
        control_.emplace(file_, system_clock());
        handler_ = with_access(*control_, *inner_, "/v1/stream/__ds/");
    }

    unsigned get(std::string target, Headers headers) {
        Request request;
        request.target = std::move(target);
        request.headers = std::move(headers);
        if (const auto refused = handler_->admit(request, std::nullopt)) return refused->status;
        return std::get<Response>(handler_->handle(std::move(request))).status;
    }

private:
    test::TemporaryDirectory folder_;
    std::filesystem::path file_ = folder_.path() / "access.json";
    TwoPaths paths_;
    std::unique_ptr<LogStore> store_ = LogStore::in_memory({});
    Api api_{*store_, {.requires_principal = true}, system_clock(), &paths_};
    std::unique_ptr<RequestHandler> inner_ = handler_of(api_);
    std::optional<AccessControl> control_;
    std::unique_ptr<RequestHandler> handler_;
};

}  // namespace

TEST_CASE("what asks for tokens of its own is reached without credentials, and nothing else is") {
    Reserved reserved(
        policy_of_tokens({token_entry("reader", "reads", R"([{"path":"**","verbs":["read"]}])"),
                          token_entry("worker", "works", R"([{"path":"__ds/**","verbs":["subscribe"]}])")}));

    CHECK(reserved.get("/v1/stream/__ds/open", {}) == 204);
    CHECK(reserved.get("/v1/stream/__ds/open", {bearer("a token of a wake")}) == 204);
    CHECK(reserved.get("/v1/stream/__ds/open", {bearer("reads")}) == 204);

    CHECK(reserved.get("/v1/stream/__ds/closed", {}) == 401);
    CHECK(reserved.get("/v1/stream/__ds/closed", {bearer("a token of a wake")}) == 401);
    CHECK(reserved.get("/v1/stream/__ds/closed", {bearer("reads")}) == 403);
    CHECK(reserved.get("/v1/stream/__ds/closed", {bearer("works")}) == 204);

    CHECK(reserved.get("/v1/stream/__ds/../a", {}) != 200);
    CHECK(reserved.get("/v1/stream/a?offset=-1", {}) == 401);
    CHECK(reserved.get("/v1/feed?position=0", {}) == 401);
}
