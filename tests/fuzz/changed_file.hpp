#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "fuzz/fuzz.hpp"

/// Files on the disk, and damage to them as an input says.
namespace foldback::fuzz {

/// Where files are in memory, if there is such a place.
inline std::filesystem::path fast_directory() {
    return std::filesystem::is_directory("/dev/shm") ? "/dev/shm" : std::filesystem::temp_directory_path();
}

inline std::string contents_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

inline void replace_contents(const std::filesystem::path& file, std::string_view contents) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << contents;
}

/// Changes bytes, cuts the end, or overwrites a piece with one byte.
inline std::string damaged(std::string contents, Numbers& numbers) {
    const auto what = numbers.next(1) % 3;
    if (contents.empty()) return contents;
    const auto at = numbers.next(3) % contents.size();
    if (what == 0) contents[at] = static_cast<char>(numbers.next(1));
    if (what == 1) contents.resize(at);
    if (what == 2) {
        const auto count = std::min<std::size_t>(numbers.next(2), contents.size() - at);
        contents.replace(at, count, std::string(count, static_cast<char>(numbers.next(1))));
    }
    return contents;
}

}  // namespace foldback::fuzz
