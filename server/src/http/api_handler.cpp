#include "foldback/server/request_handler.hpp"

#include "foldback/server/http_server.hpp"

namespace foldback::server {
namespace {

/// The protocol as a connection sees it.
class ApiHandler final : public RequestHandler {
public:
    explicit ApiHandler(Api& api) : api_(api) {}

    Reply handle(Request request) override { return api_.handle(std::move(request)); }

    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return api_.refuse_early(method, target, body_bytes);
    }

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        return api_.admit(head, body_bytes);
    }

private:
    Api& api_;
};

}  // namespace

std::unique_ptr<RequestHandler> handler_of(Api& api) { return std::make_unique<ApiHandler>(api); }

HttpServer::HttpServer(Api& api, HttpServerOptions options) : HttpServer(handler_of(api), std::move(options)) {}

}  // namespace foldback::server
