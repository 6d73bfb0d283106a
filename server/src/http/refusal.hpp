#pragma once

#include <string_view>

#include "foldback/server/http_message.hpp"

namespace foldback::server::http {

/// Why a request is not served, in literals.
struct Refusal {
    unsigned status = 0;
    std::string_view code{};
    std::string_view detail{};
};

/// The refusal as a problem document (RFC 9457).
[[nodiscard]] Response to_response(const Refusal& refusal);

}  // namespace foldback::server::http
