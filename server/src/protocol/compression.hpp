#pragma once

#include <string>
#include <string_view>

#include "foldback/server/http_message.hpp"

namespace foldback::server::protocol {

enum class Coding : std::uint8_t { identity, gzip, deflate };

/// The coding that an Accept-Encoding header prefers among those offered; gzip when it has no preference.
[[nodiscard]] Coding choose_coding(std::string_view accept_encoding);

/// Compresses a body of 1 KiB or more, unless its media type is compressed by nature or nothing would be gained. Marks
/// the response as varying with Accept-Encoding, and weakens its entity tag when it compresses.
void compress(Response& response, std::string_view content_type, Coding coding);

}  // namespace foldback::server::protocol
