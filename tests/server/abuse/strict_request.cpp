#include "server/abuse/strict_request.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace {

/// What is read is no request.
struct NoRequest {};

void require(bool holds) {
    if (!holds) throw NoRequest{};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_token(std::string_view text) {
    const auto belongs = [](char c) {
        return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::ranges::all_of(text, belongs);
}

bool is_value(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

std::string lower(std::string_view text) {
    std::string all(text);
    std::ranges::transform(all, all.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
    return all;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::uint64_t number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    require(!text.empty() && text.front() != '-' && error == std::errc{} && end == text.data() + text.size());
    return value;
}

class Bytes {
public:
    explicit Bytes(std::string_view bytes) : left_(bytes) {}

    std::string_view take(std::uint64_t size) {
        require(left_.size() >= size);
        const auto taken = left_.substr(0, size);
        left_.remove_prefix(size);
        return taken;
    }

    /// Up to CR and LF, neither of which is in it.
    std::string_view line() {
        const auto end = left_.find_first_of("\r\n");
        require(end != std::string_view::npos && left_.substr(end, 2) == "\r\n");
        const auto line = take(end);
        take(2);
        return line;
    }

    /// Empty lines before a request are nothing.
    void skip_empty_lines() {
        while (left_.starts_with("\r\n")) take(2);
    }

private:
    std::string_view left_;
};

struct Headers {
    unsigned hosts = 0;
    std::vector<std::string> lengths;
    std::vector<std::string> encodings;
    std::string connection;
};

Headers read_headers(Bytes& bytes) {
    Headers headers;
    for (auto line = bytes.line(); !line.empty(); line = bytes.line()) {
        const auto colon = line.find(':');
        require(colon != std::string_view::npos && is_token(line.substr(0, colon)));
        const auto name = lower(line.substr(0, colon));
        const auto value = trimmed(line.substr(colon + 1));
        require(is_value(value));
        if (name == "host") ++headers.hosts;
        if (name == "content-length") headers.lengths.emplace_back(value);
        if (name == "transfer-encoding") headers.encodings.emplace_back(lower(value));
        if (name == "connection") headers.connection += "," + lower(value);
    }
    return headers;
}

std::string read_chunks(Bytes& bytes) {
    std::string body;
    while (true) {
        const auto size = number(bytes.line(), 16);
        body += bytes.take(size);
        require(bytes.line().empty());
        if (size == 0) return body;
    }
}

std::string path_of(std::string_view target) {
    require(!target.empty() && std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F; }));
    if (target.front() == '/') return std::string(target);
    const auto scheme = target.find("://");
    require(lower(target.substr(0, scheme)) == "http" || lower(target.substr(0, scheme)) == "https");
    const auto authority = scheme + 3;
    const auto path = target.find_first_of("/?", authority);
    require(path != authority);
    if (path == std::string_view::npos) return "/";
    return (target[path] == '?' ? "/" : "") + std::string(target.substr(path));
}

/// One request, and whether others may follow.
std::pair<StrictRequest, bool> read_request(Bytes& bytes) {
    bytes.skip_empty_lines();
    const auto line = bytes.line();
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    require(first != std::string_view::npos && first < last && is_token(line.substr(0, first)));
    const auto version = line.substr(last + 1);
    require(version == "HTTP/1.1" || version == "HTTP/1.0");
    const bool is_old = version == "HTTP/1.0";
    StrictRequest request{.target = path_of(line.substr(first + 1, last - first - 1)), .body = {}};

    const auto headers = read_headers(bytes);
    require(is_old ? headers.hosts <= 1 : headers.hosts == 1);
    require(headers.lengths.size() + headers.encodings.size() <= 1);
    if (!headers.encodings.empty()) {
        require(!is_old && headers.encodings.front() == "chunked");
        request.body = read_chunks(bytes);
    } else if (!headers.lengths.empty()) {
        require(std::ranges::all_of(headers.lengths.front(), is_digit));
        request.body = bytes.take(number(headers.lengths.front(), 10));
    }
    const auto says = [&](std::string_view option) {
        for (auto rest = std::string_view(headers.connection); !rest.empty();) {
            const auto comma = std::min(rest.find(','), rest.size());
            if (trimmed(rest.substr(0, comma)) == option) return true;
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
        return false;
    };
    return {std::move(request), !says("close") && (!is_old || says("keep-alive"))};
}

}  // namespace

std::vector<StrictRequest> read_strictly(std::string_view input) {
    std::vector<StrictRequest> requests;
    Bytes bytes(input);
    try {
        for (bool more = true; more;) {
            auto [request, goes_on] = read_request(bytes);
            requests.push_back(std::move(request));
            more = goes_on;
        }
    } catch (const NoRequest&) {
        // What follows is not executed by anybody.
    }
    return requests;
}
