#pragma once

#include <string>
#include <string_view>

namespace foldback::cli {

/// Where the streams of a server are: `http://host:port/v1/stream`.
struct BaseUrl {
    std::string host = "localhost";
    std::string port = "4437";
    std::string path = "/v1/stream";  ///< without a trailing slash
    bool tls = false;                 ///< https

    /// The URL as text.
    [[nodiscard]] std::string text() const;
    /// The request target of a stream.
    [[nodiscard]] std::string target_of(std::string_view stream) const;
    /// The whole URL of a stream.
    [[nodiscard]] std::string url_of(std::string_view stream) const;

    /// Where the server lists its streams, and which prefix of their names this URL already contains:
    /// `/v1/stream/eu` lists at `/v1/streams` what begins with `eu/`. Throws Failure (usage) when the path has no
    /// `stream` segment to go by.
    struct Listing {
        std::string target;
        std::string prefix;
    };
    [[nodiscard]] Listing listing() const;
};

/// Throws Failure (usage). Without a path the standard one is meant.
[[nodiscard]] BaseUrl parse_base_url(std::string_view text);

/// Percent-encodes everything but unreserved characters and, for paths, `/`, `:` and `@`.
[[nodiscard]] std::string encode_path(std::string_view text);
[[nodiscard]] std::string encode_query(std::string_view text);

}  // namespace foldback::cli
