#include "log/crc32c.hpp"

#include <algorithm>

#include <isa-l/crc.h>

namespace foldback::log {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous) noexcept {
    constexpr std::size_t largest_slice = 1 << 30;  // the library counts in int
    std::uint32_t state = ~previous;
    do {
        const auto slice = bytes.substr(0, std::min(bytes.size(), largest_slice));
        // The library's prototype lacks a const that its implementation keeps.
        auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(slice.data()));
        state = crc32_iscsi(data, static_cast<int>(slice.size()), state);
        bytes.remove_prefix(slice.size());
    } while (!bytes.empty());
    return ~state;
}

}  // namespace foldback::log
