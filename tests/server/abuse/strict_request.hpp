#pragma once

#include <string>
#include <string_view>
#include <vector>

/// A request as a reader sees it that takes RFC 9112 word for word and forgives nothing.
struct StrictRequest {
    std::string target;  ///< an absolute one is reduced to path and query
    std::string body;
};

/// The requests that the bytes of a connection are, up to the first that is not one, or to the one that ends the connection.
/// Written for tests, from the grammar, and independent of the server's own reader.
[[nodiscard]] std::vector<StrictRequest> read_strictly(std::string_view bytes);
