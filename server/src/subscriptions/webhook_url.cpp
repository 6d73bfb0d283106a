#include "subscriptions/webhook_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace foldback::server::subscriptions {

namespace {

constexpr std::size_t max_url_bytes = 2'048;
constexpr std::size_t max_host_bytes = 253;

struct Range {
    std::uint32_t network;
    int bits;
};

constexpr std::uint32_t ip(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return a << 24 | b << 16 | c << 8 | d;
}

/// The special-purpose addresses of IPv4 (RFC 6890 and its successors), and a metadata service with a public address.
constexpr Range not_public[] = {
    {ip(0, 0, 0, 0), 8},       {ip(10, 0, 0, 0), 8},      {ip(100, 64, 0, 0), 10},   {ip(127, 0, 0, 0), 8},
    {ip(169, 254, 0, 0), 16},  {ip(172, 16, 0, 0), 12},   {ip(192, 0, 0, 0), 24},    {ip(192, 0, 2, 0), 24},
    {ip(192, 31, 196, 0), 24}, {ip(192, 52, 193, 0), 24}, {ip(192, 88, 99, 0), 24},  {ip(192, 168, 0, 0), 16},
    {ip(192, 175, 48, 0), 24}, {ip(198, 18, 0, 0), 15},   {ip(198, 51, 100, 0), 24}, {ip(203, 0, 113, 0), 24},
    {ip(224, 0, 0, 0), 4},     {ip(240, 0, 0, 0), 4},     {ip(168, 63, 129, 16), 32}};

bool lies_in(std::uint32_t address, Range range) noexcept {
    return (address ^ range.network) >> (32 - range.bits) == 0;
}

bool begins_with(const IpAddress& address, std::string_view bytes) noexcept {
    return std::memcmp(address.data(), bytes.data(), bytes.size()) == 0;
}

using namespace std::string_view_literals;
constexpr auto mapped = "\0\0\0\0\0\0\0\0\0\0\xFF\xFF"sv;

std::uint32_t last_word(const IpAddress& address) noexcept {
    return ip(address[12], address[13], address[14], address[15]);
}

/// What is left of global unicast (2000::/3) without the parts that lead elsewhere.
bool is_public_v6(const IpAddress& address) noexcept {
    if ((address[0] & 0xE0) != 0x20) return false;
    if (begins_with(address, "\x20\x01"sv) && address[2] < 2) return false;    // 2001::/23: Teredo, ORCHID, …
    if (begins_with(address, "\x20\x01\x0D\xB8"sv)) return false;              // documentation
    if (begins_with(address, "\x20\x02"sv)) return false;                      // 6to4 carries an IPv4 address
    if (begins_with(address, "\x26\x20\x00\x4F\x80\x00"sv)) return false;      // 2620:4f:8000::/48, AS112
    return !(begins_with(address, "\x3F\xFF"sv) && (address[2] & 0xF0) == 0);  // documentation
}

template <class Value>
using Read = boost::system::result<Value, UrlProblem>;

bool is_host_byte(char byte) noexcept {
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
}

std::optional<IpAddress> parse_v4(const std::string& text) {
    in_addr four{};
    if (inet_pton(AF_INET, text.c_str(), &four) != 1) return std::nullopt;
    IpAddress address{};
    std::memcpy(address.data(), mapped.data(), mapped.size());
    std::memcpy(address.data() + mapped.size(), &four, sizeof four);
    return address;
}

std::optional<IpAddress> parse_v6(const std::string& text) {
    IpAddress address{};
    if (inet_pton(AF_INET6, text.c_str(), address.data()) != 1) return std::nullopt;
    return address;
}

/// Some readers take a host whose last label is a number for an IPv4 address in one of many spellings.
bool ends_in_number(std::string_view host) {
    const auto label = host.substr(host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1);
    const auto is_digit = [](char byte) { return byte >= '0' && byte <= '9'; };
    return std::all_of(label.begin(), label.end(), is_digit) || label.starts_with("0x");
}

/// Names that mean something only inside of a machine or a network.
bool is_internal_name(std::string_view host) {
    for (const auto suffix : {".localhost"sv, ".local"sv, ".localdomain"sv, ".internal"sv, ".intranet"sv, ".lan"sv,
                              ".home"sv, ".corp"sv, ".private"sv, ".arpa"sv, ".onion"sv}) {
        if (host.ends_with(suffix)) return true;
    }
    return host.find('.') == std::string_view::npos;
}

/// Splits the authority; the port is 0 when it is absent.
Read<WebhookUrl> parse_authority(std::string_view text) {
    if (text.find('@') != std::string_view::npos) return UrlProblem{"it has a user"};
    const bool bracketed = text.starts_with('[');
    const auto end = bracketed ? text.find(']') : text.find(':');
    if (bracketed && end == std::string_view::npos) return UrlProblem{"its host is malformed"};
    WebhookUrl url{.host = std::string(text.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end)), .port = 0};
    std::transform(url.host.begin(), url.host.end(), url.host.begin(),
                   [](char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte; });
    auto port = end == std::string_view::npos ? std::string_view() : text.substr(end + (bracketed ? 1 : 0));
    if (!port.empty()) {
        if (!port.starts_with(':')) return UrlProblem{"its host is malformed"};
        port.remove_prefix(1);
        const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (error != std::errc{} || stop != port.data() + port.size() || url.port == 0) {
            return UrlProblem{"its port is no number from 1 to 65535"};
        }
    }
    return url;
}

std::optional<UrlProblem> check_host(WebhookUrl& url, bool bracketed, LocalWebhooks local) {
    if (url.host.empty() || url.host.size() > max_host_bytes) return UrlProblem{"its host is malformed"};
    std::optional<IpAddress> address;
    if (bracketed) {
        address = parse_v6(url.host);
        if (!address) return UrlProblem{"its host is malformed"};
    } else {
        if (!std::all_of(url.host.begin(), url.host.end(), is_host_byte)) return UrlProblem{"its host is malformed"};
        if (url.host.front() == '.' || url.host.back() == '.' || url.host.find("..") != std::string::npos) {
            return UrlProblem{"its host is malformed"};
        }
        address = parse_v4(url.host);
        if (!address && ends_in_number(url.host)) return UrlProblem{"its host is a number"};
    }
    url.is_local = address ? is_loopback(*address) : url.host == "localhost";
    if (url.is_local && local == LocalWebhooks::allowed) return std::nullopt;
    if (address ? !is_public(*address) : is_internal_name(url.host)) {
        return UrlProblem{"its host is not of the public internet"};
    }
    if (!url.tls) return UrlProblem{"it must be https"};
    return std::nullopt;
}

}  // namespace

bool is_loopback(const IpAddress& address) noexcept {
    if (begins_with(address, mapped)) return address[12] == 127;
    constexpr auto one = "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01"sv;
    return begins_with(address, one);
}

bool is_public(const IpAddress& address) noexcept {
    if (!begins_with(address, mapped)) return is_public_v6(address);
    const auto four = last_word(address);
    return std::none_of(std::begin(not_public), std::end(not_public),
                        [four](Range range) { return lies_in(four, range); });
}

bool WebhookUrl::may_connect_to(const IpAddress& address) const noexcept {
    return is_local ? is_loopback(address) : is_public(address);
}

Checked<WebhookUrl> parse_webhook_url(std::string_view text, LocalWebhooks local) {
    auto url = parse_outbound_url(text, local);
    if (!url) return reject(code::url_rejected, "The webhook's URL is refused: {}.", url.error().why);
    return std::move(*url);
}

Read<WebhookUrl> parse_outbound_url(std::string_view text, LocalWebhooks local) {
    if (text.size() > max_url_bytes) return UrlProblem{"it is too long"};
    const auto is_plain = [](char byte) { return byte > ' ' && byte < 0x7F && byte != '\\' && byte != '#'; };
    if (!std::all_of(text.begin(), text.end(), is_plain)) return UrlProblem{"it has characters that no URL has here"};
    const auto colon = text.find("://");
    auto scheme = std::string(text.substr(0, std::min(colon, text.size())));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](char byte) { return static_cast<char>(byte | 32); });
    if (colon == std::string_view::npos || (scheme != "https" && scheme != "http")) {
        return UrlProblem{"it must begin with https://"};
    }
    auto rest = text.substr(colon + 3);
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(authority.size());
    auto url = parse_authority(authority);
    if (!url) return url.error();
    url->tls = scheme == "https";
    if (url->port == 0) url->port = url->tls ? 443 : 80;
    url->authority = authority;
    url->target = (rest.starts_with('/') ? "" : "/") + std::string(rest);
    if (const auto problem = check_host(*url, authority.starts_with('['), local)) return *problem;
    return url;
}

}  // namespace foldback::server::subscriptions
