#include "s3/location.hpp"

#include <algorithm>
#include <stdexcept>

namespace foldback::s3 {
namespace {

constexpr std::size_t min_bucket_letters = 3;
constexpr std::size_t max_bucket_letters = 63;
constexpr std::size_t max_prefix_bytes = 512;  // a name may have 1024, and ours add less than 100
constexpr std::size_t max_region_letters = 64;

bool is_small_or_digit(char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9'); }

bool is_letter_or_digit(char letter) { return is_small_or_digit(letter) || (letter >= 'A' && letter <= 'Z'); }

bool is_bucket_name(std::string_view name) {
    const auto fits = [](char letter) { return is_small_or_digit(letter) || letter == '-' || letter == '.'; };
    return name.size() >= min_bucket_letters && name.size() <= max_bucket_letters && std::ranges::all_of(name, fits) &&
           is_small_or_digit(name.front()) && is_small_or_digit(name.back()) &&
           name.find("..") == std::string_view::npos;
}

/// The characters that S3's documentation calls safe; what is between slashes is neither empty nor "." or "..".
bool is_prefix(std::string_view prefix) {
    constexpr std::string_view marks = "/!-_.*'()";
    const auto fits = [&](char letter) { return is_letter_or_digit(letter) || marks.find(letter) != marks.npos; };
    const auto framed = "/" + std::string(prefix) + "/";
    return prefix.size() <= max_prefix_bytes && std::ranges::all_of(prefix, fits) &&
           framed.find("//") == std::string::npos && framed.find("/./") == std::string::npos &&
           framed.find("/../") == std::string::npos;
}

void require_region(std::string_view region) {
    const auto fits = [](char letter) { return is_letter_or_digit(letter) || letter == '-' || letter == '_'; };
    if (region.empty() || region.size() > max_region_letters || !std::ranges::all_of(region, fits))
        throw std::invalid_argument("\"" + std::string(region) + "\" is no name of a region");
}

}  // namespace

Location parse_location(std::string_view url) {
    constexpr std::string_view scheme = "s3://";
    const auto refuse = [url](const char* why) { throw std::invalid_argument("\"" + std::string(url) + "\" " + why); };
    if (!url.starts_with(scheme)) refuse("does not begin with s3://");
    const auto rest = url.substr(scheme.size());
    const auto slash = std::min(rest.find('/'), rest.size());
    Location location{.bucket = std::string(rest.substr(0, slash)), .prefix = {}};
    if (!is_bucket_name(location.bucket))
        refuse("names no bucket: small letters, digits, dots and hyphens, 3 to 63 of them");
    auto prefix = rest.substr(std::min(slash + 1, rest.size()));
    if (prefix.ends_with('/')) prefix.remove_suffix(1);
    if (prefix.empty()) return location;
    if (!is_prefix(prefix)) refuse("has a prefix with other characters than letters, digits and /!-_.*'()");
    location.prefix = std::string(prefix) + '/';
    return location;
}

client::detail::Url url_of_bucket(const std::string& bucket, const S3Options& options) {
    require_region(options.region);
    if (!options.endpoint.empty()) {
        if (options.endpoint.find('@') != std::string::npos)  // which is in no message
            throw std::invalid_argument("the endpoint has a user name: name host and port");
        auto url = client::detail::parse_url(options.endpoint);
        if (url.path != "/" || !url.query.empty())
            throw std::invalid_argument("the endpoint " + options.endpoint +
                                        " has a path or a query: name host and port");
        url.path += bucket + '/';
        return url;
    }
    const auto host = "s3." + options.region + ".amazonaws.com/";
    // A certificate for *.host is none for names with more dots.
    const bool is_host = bucket.find('.') == std::string::npos;
    return client::detail::parse_url("https://" + (is_host ? bucket + '.' + host : host + bucket + '/'));
}

}  // namespace foldback::s3
