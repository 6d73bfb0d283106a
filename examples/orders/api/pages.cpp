#include "api/pages.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "foldback/server/api.hpp"

namespace orders::api {

/// Made from the web folder by web_files.cmake.
extern const std::span<const WebFile> web_files;

using foldback::server::Method;
using foldback::server::Request;
using foldback::server::Response;

namespace {

const WebFile* find_file(std::string_view path) {
    if (path == "/") path = "/index.html";
    const auto file =
        std::find_if(web_files.begin(), web_files.end(), [&](const WebFile& one) { return one.path == path; });
    return file == web_files.end() ? nullptr : &*file;
}

class PagesFirst final : public foldback::server::RequestHandler {
public:
    explicit PagesFirst(foldback::server::RequestHandler& rest) : rest_(rest) {}

    std::optional<Response> admit(Request& head, std::optional<std::uint64_t> body_bytes) override {
        return is_page(head) && !body_bytes ? std::nullopt : rest_.admit(head, body_bytes);
    }
    foldback::server::Reply handle(Request request) override {
        if (!is_page(request)) return rest_.handle(std::move(request));
        return page_of(request.method, path_of(request), request.header("if-none-match"));
    }
    std::optional<Response> refuse_early(Method method, std::string_view target,
                                         std::uint64_t body_bytes) const override {
        return rest_.refuse_early(method, target, body_bytes);
    }

private:
    [[nodiscard]] static std::string_view path_of(const Request& request) {
        return std::string_view(request.target).substr(0, request.target.find('?'));
    }
    [[nodiscard]] static bool is_page(const Request& request) {
        const bool reads = request.method == Method::get || request.method == Method::head;
        return reads && find_file(path_of(request)) != nullptr;
    }

    foldback::server::RequestHandler& rest_;
};

}  // namespace

std::unique_ptr<foldback::server::RequestHandler> with_pages(foldback::server::RequestHandler& rest) {
    return std::make_unique<PagesFirst>(rest);
}

Response page_of(Method method, std::string_view path, const std::string* if_none_match) {
    const auto* file = find_file(path);
    if (file == nullptr) {
        return foldback::server::problem(404, "not-found", "there is no such page; the shop floor is at /");
    }
    if (method != Method::get && method != Method::head) {
        auto response = foldback::server::problem(405, "method", "pages are read with GET");
        response.set("allow", "GET, HEAD");
        return response;
    }
    Response response;
    response.set("etag", std::string(file->tag));
    response.set("cache-control", "no-cache");
    response.set("content-security-policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'none'");
    response.set("x-content-type-options", "nosniff");
    response.set("referrer-policy", "no-referrer");
    if (if_none_match != nullptr && *if_none_match == file->tag) {
        response.status = 304;
        return response;
    }
    response.set("content-type", std::string(file->type));
    if (method == Method::get) response.text = std::string(file->bytes);
    return response;
}

}  // namespace orders::api
