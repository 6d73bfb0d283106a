#include "protocol/problem.hpp"

#include "foldback/server/api.hpp"
#include "protocol/common_headers.hpp"
#include "protocol/json_text.hpp"

namespace foldback::server::protocol {

std::string_view reason_phrase(unsigned status) noexcept {
    switch (status) {
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 417: return "Expectation Failed";
        case 422: return "Unprocessable Content";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        case 507: return "Insufficient Storage";
        default: return {};
    }
}

Response to_response(const Problem& problem) {
    Response response;
    response.status = problem.status;
    response.headers.reserve(10);
    response.set("content-type", "application/problem+json");
    response.set("cache-control", "no-store");
    if (problem.status == 503) response.set("retry-after", "1");
    auto& text = response.text;
    text = R"({"type":"about:blank","title":)";
    append_json_string(text, reason_phrase(problem.status));
    text.append(R"(,"status":)").append(std::to_string(problem.status));
    text.append(R"(,"code":)");
    append_json_string(text, problem.code);
    text.append(R"(,"detail":)");
    append_json_string(text, problem.detail);
    text.push_back('}');
    return response;
}

}  // namespace foldback::server::protocol

namespace foldback::server {

Response problem(unsigned status, std::string_view code, std::string_view detail) {
    auto response = protocol::to_response({status, code, std::string(detail)});
    protocol::add_security_headers(response);
    return response;
}

}  // namespace foldback::server
