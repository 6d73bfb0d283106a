#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/server/http_message.hpp"

/// A request as the answers below see it: split, decoded, checked where that needs no knowledge.
namespace orders::api {

/// The request is wrong: answered with a problem document.
class BadCall : public std::runtime_error {
public:
    BadCall(unsigned http_status, std::string short_name, const std::string& sentence)
        : std::runtime_error(sentence), status(http_status), code(std::move(short_name)) {}

    unsigned status;
    std::string code;
};

struct Call {
    foldback::server::Request request;
    std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
    std::vector<std::string> path;                           ///< decoded values of the pattern's `{…}`, in order

    /// The value of a query parameter; absent when it is not there. Throws BadCall when it is there twice.
    [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
    /// The same, as a number of at most `most`. Throws BadCall when it is none.
    [[nodiscard]] std::optional<std::uint64_t> number(std::string_view name, std::uint64_t most) const;
    /// A header that may occur once: views the request. Throws BadCall when it occurs twice. `name` is lower case.
    [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

/// `%41` and, in queries, `+` decoded. Throws BadCall for what is no percent-encoding or no UTF-8 without controls.
[[nodiscard]] std::string percent_decoded(std::string_view text, bool plus_is_blank);
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// Path and query of a target.
struct Target {
    std::string_view path;
    std::string_view query;
};
[[nodiscard]] Target split_target(std::string_view target);

/// Throws BadCall.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace orders::api
