#include "server/access/guarded.hpp"

#include "access/digest.hpp"

namespace foldback::server {

std::string token_entry(const std::string& id, const std::string& token, const std::string& grants,
                        const std::string& expires) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (const auto byte : access::sha256(token)) {
        hex += digits[byte >> 4];
        hex += digits[byte & 15];
    }
    const auto expiry = expires.empty() ? "" : R"(,"expires":")" + expires + "\"";
    return R"({"id":")" + id + R"(","sha256":")" + hex + R"(","grants":)" + grants + expiry + "}";
}

std::string policy_of_tokens(const std::vector<std::string>& entries) {
    std::string all;
    for (const auto& entry : entries) all += (all.empty() ? "" : ",") + entry;
    return R"({"tokens":[)" + all + "]}";
}

}  // namespace foldback::server
