#include "protocol/base64.hpp"

#include <algorithm>

#include <openssl/evp.h>

namespace foldback::server::protocol {

void append_base64(std::string& out, std::string_view bytes) {
    constexpr std::size_t step = 3 << 20;  // EVP counts in int; a multiple of 3 needs no padding inside
    while (!bytes.empty()) {
        const auto part = bytes.substr(0, std::min(step, bytes.size()));
        bytes.remove_prefix(part.size());
        const auto begin = out.size();
        out.resize(begin + (part.size() + 2) / 3 * 4 + 1);  // EVP writes a NUL after the text
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data() + begin),
                        reinterpret_cast<const unsigned char*>(part.data()), static_cast<int>(part.size()));
        out.pop_back();
    }
}

std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::size_t step = 4 << 20;  // EVP counts in int
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes;
    const auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    if (text.substr(0, text.size() - padding).find('=') != std::string_view::npos) return std::nullopt;
    while (!text.empty()) {
        const auto part = text.substr(0, std::min(step, text.size()));
        text.remove_prefix(part.size());
        const auto begin = bytes.size();
        bytes.resize(begin + part.size() / 4 * 3);
        const auto decoded =
            EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data() + begin),
                            reinterpret_cast<const unsigned char*>(part.data()), static_cast<int>(part.size()));
        // Blanks around the text are skipped and not counted.
        if (decoded != static_cast<int>(part.size() / 4 * 3)) return std::nullopt;
    }
    bytes.resize(bytes.size() - padding);
    return bytes;
}

}  // namespace foldback::server::protocol
