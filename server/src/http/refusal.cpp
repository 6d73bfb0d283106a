#include "http/refusal.hpp"

#include <string>

#include "http/response_head.hpp"

namespace foldback::server::http {

Response to_response(const Refusal& refusal) {
    Response response;
    response.status = refusal.status;
    response.set("content-type", "application/problem+json");
    response.set("cache-control", "no-store");
    if (refusal.status == 503) response.set("retry-after", "1");
    response.text = R"({"type":"about:blank","title":")";
    response.text.append(reason_phrase(refusal.status));
    response.text.append(R"(","status":)").append(std::to_string(refusal.status));
    response.text.append(R"(,"code":")").append(refusal.code);
    response.text.append(R"(","detail":")").append(refusal.detail).append("\"}");
    return response;
}

}  // namespace foldback::server::http
