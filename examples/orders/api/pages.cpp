#include "api/pages.hpp"

#include <algorithm>
#include <span>

#include "foldback/server/api.hpp"

namespace orders::api {

/// Made from the web folder by web_files.cmake.
extern const std::span<const WebFile> web_files;

using foldback::server::Method;
using foldback::server::Response;

Response page_of(Method method, std::string_view path, const std::string* if_none_match) {
    if (path == "/") path = "/index.html";
    const auto file =
        std::find_if(web_files.begin(), web_files.end(), [&](const WebFile& one) { return one.path == path; });
    if (file == web_files.end()) {
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
