#include "log/crc32c.hpp"

#include <algorithm>
#include <array>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <isa-l/crc.h>

namespace foldback::log {

namespace {

/// The library's widest code leaves the upper halves of vector registers dirty, and every SSE instruction after it
/// then waits for them: encoding an append took 200 ns instead of 60.
#if defined(__x86_64__)
__attribute__((target("avx"))) void clear_upper_halves() noexcept { _mm256_zeroupper(); }
void repair_vector_registers() noexcept {
    if (__builtin_cpu_supports("avx") != 0) clear_upper_halves();
}
#else
void repair_vector_registers() noexcept {}
#endif

constexpr std::array<std::uint32_t, 256> crc_of_byte = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < table.size(); ++byte) {
        auto crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
        table[byte] = crc;
    }
    return table;
}();

}  // namespace

std::uint32_t crc32c_of(std::uint32_t number) noexcept {
    // The bytes in the order of the file are those of the number from its lowest.
    auto state = ~number;
    for (int byte = 0; byte < 4; ++byte) state = (state >> 8) ^ crc_of_byte[state & 0xFF];
    return ~state;
}

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
    repair_vector_registers();
    return ~state;
}

}  // namespace foldback::log
