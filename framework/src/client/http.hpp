#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldback::client::detail {

enum class Method : std::uint8_t { get, head, put, post, remove };

[[nodiscard]] constexpr std::string_view name_of(Method method) noexcept {
    switch (method) {
        case Method::get: return "GET";
        case Method::head: return "HEAD";
        case Method::put: return "PUT";
        case Method::post: return "POST";
        case Method::remove: return "DELETE";
    }
    return "GET";
}

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What a server answers, without its body.
struct ResponseHead {
    unsigned status = 0;
    Headers headers{};  ///< names in lower case

    /// The first header of that name; empty when absent.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    /// Whether the header says `true`, in whatever case.
    [[nodiscard]] bool says_true(std::string_view name) const noexcept;
};

struct Response : ResponseHead {
    std::string body{};
    unsigned unanswered = 0;  ///< earlier attempts at the same request that the server may have carried out
};

[[nodiscard]] std::string lower_case(std::string_view text);
/// Whether these are the same but for the case of letters.
[[nodiscard]] bool is_same_name(std::string_view a, std::string_view b) noexcept;
/// Whether a content type, with or without parameters, is JSON's.
[[nodiscard]] bool is_json_type(std::string_view content_type) noexcept;

/// Why `name: value` cannot be a header, as a sentence; empty when it can.
[[nodiscard]] std::string problem_with_header(std::string_view name, std::string_view value);

}  // namespace foldback::client::detail
