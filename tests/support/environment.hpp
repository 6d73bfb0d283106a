#pragma once

#include <cstdint>
#include <cstdlib>

namespace foldback::test {

/// The number in an environment variable, such as FOLDBACK_SEED.
inline std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

}  // namespace foldback::test
