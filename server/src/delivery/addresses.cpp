#include "delivery/addresses.hpp"

#include <netdb.h>

#include <algorithm>
#include <cstring>

namespace foldback::server::delivery {

namespace {

using namespace http;
using subscriptions::IpAddress;

constexpr std::size_t max_endpoints = 4;

IpAddress bytes_of(const asio::ip::address& address) {
    const auto six =
        address.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()) : address.to_v6();
    IpAddress bytes{};
    const auto given = six.to_bytes();
    std::copy(given.begin(), given.end(), bytes.begin());
    return bytes;
}

}  // namespace

Endpoints look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    Endpoints endpoints;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return endpoints;
    for (const auto* one = found; one != nullptr; one = one->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (one->ai_addrlen > endpoint.capacity()) continue;
        std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
        endpoint.resize(one->ai_addrlen);
        endpoints.push_back(std::move(endpoint));
    }
    ::freeaddrinfo(found);
    return endpoints;
}

std::string_view problem_with(const subscriptions::WebhookUrl& url, const Endpoints& found) {
    if (found.empty()) return "its name has no address";
    const auto is_allowed = [&](const auto& endpoint) { return url.may_connect_to(bytes_of(endpoint.address())); };
    if (std::all_of(found.begin(), found.end(), is_allowed)) return {};
    return "its name has an address that nothing may be sent to";
}

Endpoints some_of(Endpoints found) {
    if (found.size() > max_endpoints) found.resize(max_endpoints);
    return found;
}

}  // namespace foldback::server::delivery
