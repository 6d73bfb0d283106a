#include "protocol/base_url.hpp"

#include <algorithm>
#include <string_view>

namespace foldback::server::protocol {

std::string base_url_of(const std::string* host, const std::string* forwarded_scheme) {
    const auto is_host_byte = [](char byte) {
        return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
               std::string_view("-._~:[]").find(byte) != std::string_view::npos;
    };
    if (host == nullptr || host->empty() || !std::all_of(host->begin(), host->end(), is_host_byte)) return {};
    return (forwarded_scheme != nullptr && *forwarded_scheme == "https" ? "https://" : "http://") + *host;
}

std::string base_url_of(const Request& request) {
    return base_url_of(request.header("host"), request.header("x-forwarded-proto"));
}

}  // namespace foldback::server::protocol
