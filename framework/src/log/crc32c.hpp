#pragma once

#include <cstdint>
#include <string_view>

namespace foldback::log {

/// CRC32C (Castagnoli; reflected, initial value and final xor 0xFFFFFFFF) of `bytes`, which follow bytes whose CRC
/// was `previous`.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t previous = 0) noexcept;

/// The same of a number's 4 bytes as they are stored. Without the library, whose call takes longer than this work.
[[nodiscard]] std::uint32_t crc32c_of(std::uint32_t number) noexcept;

}  // namespace foldback::log
