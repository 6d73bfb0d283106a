#include "foldback/server/http_message.hpp"

#include <algorithm>

namespace foldback::server {

const std::string* Request::header(std::string_view name) const noexcept {
    const auto found =
        std::find_if(headers.begin(), headers.end(), [name](const auto& header) { return header.first == name; });
    return found == headers.end() ? nullptr : &found->second;
}

std::size_t Request::count(std::string_view name) const noexcept {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(), [name](const auto& header) { return header.first == name; }));
}

}  // namespace foldback::server
