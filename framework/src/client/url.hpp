#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace foldback::client::detail {

/// Whom to connect to.
struct Endpoint {
    bool tls = false;
    std::string host{};
    std::string port{};

    /// As a Host header says it.
    [[nodiscard]] std::string authority() const;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

struct Url {
    Endpoint endpoint;
    std::string path;   ///< begins with a slash
    std::string query;  ///< without the question mark

    /// Without the query.
    [[nodiscard]] std::string text() const;
};

/// Throws std::invalid_argument when `text` is no http or https URL, or contains a user name or a fragment. What a URL must
/// not contain literally, such as a blank or a letter with an accent, is percent-encoded.
[[nodiscard]] Url parse_url(std::string_view text);

/// Percent-encodes all of a path but slashes and what RFC 3986 calls unreserved.
[[nodiscard]] std::string encode_path(std::string_view path);

/// Appends `name=value` to a query, both percent-encoded.
void add_parameter(std::string& query, std::string_view name, std::string_view value);

}  // namespace foldback::client::detail
