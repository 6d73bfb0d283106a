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

}  // namespace foldback::server::protocol
