#pragma once

#include <cstdint>
#include <string_view>

namespace foldback::log {

/// CRC32C (Castagnoli; reflected, initial value and final xor 0xFFFFFFFF) of `bytes`, which follow bytes whose CRC
/// was `previous`.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0) noexcept;

}  // namespace foldback::log
