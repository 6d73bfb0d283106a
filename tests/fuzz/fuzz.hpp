#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// What the fuzz targets share.
namespace foldback::fuzz {

/// Ends the process with what was found, so that libFuzzer keeps the input.
inline void require(bool holds, const char* sentence) {
    if (holds) return;
    std::fprintf(stderr, "found: %s\n", sentence);
    std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

/// Takes numbers from the front of an input; zeros when it is used up.
class Numbers {
public:
    explicit Numbers(std::string_view input) : rest_(input) {}

    [[nodiscard]] bool done() const noexcept { return rest_.empty(); }
    std::uint64_t next(std::size_t bytes) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < bytes && !rest_.empty(); ++i) {
            value = (value << 8) | static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
        }
        return value;
    }

private:
    std::string_view rest_;
};

}  // namespace foldback::fuzz
