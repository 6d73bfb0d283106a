#pragma once

#include <string>

#include "foldback/server/http_message.hpp"

namespace foldback::server::protocol {

/// What keeps a browser from misusing a response (PROTOCOL §12.7).
void add_security_headers(Response& response);

/// Security headers, and CORS headers for `cors_origin` when it is not empty. Every response gets them, once.
void add_common_headers(Response& response, const std::string& cors_origin);

/// The answer to OPTIONS: the methods of the resource, and what a cross-origin request may send.
[[nodiscard]] Response preflight(std::string_view methods, const std::string& cors_origin);

/// Lets pages of one origin read the response.
void allow_origin(Response& response, const std::string& origin);

/// Adds to an answer to OPTIONS what a cross-origin request may send; its methods are those of `allow`.
void allow_preflight(Response& response);

}  // namespace foldback::server::protocol
