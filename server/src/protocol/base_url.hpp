#pragma once

#include <string>

#include "foldback/server/http_message.hpp"

namespace foldback::server::protocol {

/// Scheme and host as a client reached this server, such as `https://events.example`: from Host, and from what a proxy
/// says in `X-Forwarded-Proto`. Empty when the request has no usable Host.
[[nodiscard]] std::string base_url_of(const Request& request);

/// The same from the headers' values; null for an absent one.
[[nodiscard]] std::string base_url_of(const std::string* host, const std::string* forwarded_scheme);

}  // namespace foldback::server::protocol
