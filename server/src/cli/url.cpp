#include "cli/url.hpp"

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/units.hpp"
#include "protocol/target.hpp"

namespace foldback::cli {
namespace {

constexpr std::string_view remedy = "An example: --url http://localhost:4437/v1/stream";

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw Failure(ExitCode::usage, fmt::format("\"{}\" is not a server URL: {}", printable(text), why),
                  std::string(remedy));
}

/// Splits `host[:port]`; a literal IPv6 address stands in brackets.
void split_authority(std::string_view authority, BaseUrl& url, std::string_view whole) {
    auto host_end = authority.find(':');
    if (authority.starts_with('[')) {
        const auto bracket = authority.find(']');
        if (bracket == std::string_view::npos) refuse(whole, "the closing bracket of the address is missing");
        host_end = bracket + 1 < authority.size() ? bracket + 1 : std::string_view::npos;
        url.host = authority.substr(1, bracket - 1);
    } else {
        url.host = authority.substr(0, host_end);
    }
    if (url.host.empty()) refuse(whole, "the host is missing");
    if (host_end == std::string_view::npos) {
        url.port = url.tls ? "443" : "80";
        return;
    }
    url.port = authority.substr(host_end + 1);
    const auto port = authority[host_end] == ':' ? parse_count(url.port) : std::nullopt;
    if (!port || *port == 0 || *port > 65535) refuse(whole, "the port must be a number from 1 to 65535");
}

}  // namespace

std::string encode_path(std::string_view text) { return server::protocol::percent_encode(text, "/:@"); }

std::string encode_query(std::string_view text) { return server::protocol::percent_encode(text, {}); }

BaseUrl parse_base_url(std::string_view text) {
    BaseUrl url;
    url.tls = text.starts_with("https://");
    const std::string_view scheme = url.tls ? "https://" : "http://";
    if (!text.starts_with(scheme)) refuse(text, "it must begin with http:// or https://");
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte <= 0x20 || byte >= 0x7F) refuse(text, "it contains a blank or a byte that URLs percent-encode");
    }
    if (text.find_first_of("?#") != std::string_view::npos) refuse(text, "it must not have a query or a fragment");
    auto rest = text.substr(scheme.size());
    const auto slash = rest.find('/');
    const auto authority = rest.substr(0, slash);
    if (authority.find('@') != std::string_view::npos)
        refuse(text, "credentials belong into FOLDBACK_TOKEN or STREAM_AUTH");
    split_authority(authority, url, text);
    std::string path(slash == std::string_view::npos ? "" : rest.substr(slash));
    while (path.ends_with('/')) path.pop_back();
    if (!path.empty()) url.path = std::move(path);
    return url;
}

std::string BaseUrl::text() const {
    const auto literal = host.find(':') != std::string::npos;
    return fmt::format("{}://{}{}{}:{}{}", tls ? "https" : "http", literal ? "[" : "", host, literal ? "]" : "", port,
                       path);
}

std::string BaseUrl::target_of(std::string_view stream) const { return path + "/" + encode_path(stream); }

std::string BaseUrl::url_of(std::string_view stream) const { return text() + "/" + encode_path(stream); }

BaseUrl::Listing BaseUrl::listing() const {
    constexpr std::string_view segment = "/stream";
    for (auto at = path.find(segment); at != std::string::npos; at = path.find(segment, at + 1)) {
        const auto end = at + segment.size();
        if (end != path.size() && path[end] != '/') continue;
        const auto inside = end == path.size() ? std::string{} : path.substr(end + 1) + "/";
        return {path.substr(0, end) + "s", inside};
    }
    throw Failure(ExitCode::usage, fmt::format("the server cannot be asked for its streams at {}", text()),
                  "The URL must contain /stream, as in http://localhost:4437/v1/stream");
}

}  // namespace foldback::cli
