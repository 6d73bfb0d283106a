#include "protocol/offset_token.hpp"
#include "protocol/operations.hpp"
#include "protocol/refusal_response.hpp"
#include "protocol/timestamp.hpp"

namespace foldback::server::protocol {

Reply head(const Service& service, const StreamPath& stream) {
    const auto info = service.store.head(stream);
    if (!info) return to_response(info.error());
    Response response;
    response.set("content-type", info->config.content_type);
    response.set("cache-control", "no-store");
    response.set("stream-next-offset", offset_token(info->tail));
    if (info->closed) response.set("stream-closed", "true");
    if (info->config.ttl) response.set("stream-ttl", std::to_string(info->config.ttl->count()));
    if (info->config.expires_at) response.set("stream-expires-at", format_timestamp(*info->config.expires_at));
    return response;
}

}  // namespace foldback::server::protocol
