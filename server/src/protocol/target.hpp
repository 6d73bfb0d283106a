#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/problem.hpp"

namespace foldback::server::protocol {

/// The parameters of a query, decoded. Those nobody asks for are ignored.
class Query {
public:
    void add(std::string name, std::string value) { parameters_.emplace_back(std::move(name), std::move(value)); }

    /// A parameter's value; null when it is absent. A problem when it occurs twice.
    [[nodiscard]] Parsed<const std::string*> value(std::string_view name) const;

private:
    std::vector<std::pair<std::string, std::string>> parameters_;
};

/// A request target, decoded once: routing, authorization and storage all use this path.
struct Target {
    std::string path;
    Query query;
};

/// Reads a target in origin form. A `+` in the query is a space, as browsers write it. Refused: malformed
/// percent-encoding, a fragment, control bytes (written out or encoded).
[[nodiscard]] Parsed<Target> parse_target(std::string_view target);

/// Absent when a `%` is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Encodes all bytes but these, and what is unreserved in URLs: letters, digits and -._~
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view also_plain);

/// A path as it may stand in a URL or a header.
[[nodiscard]] std::string percent_encode_path(std::string_view path);

}  // namespace foldback::server::protocol
