#pragma once

#include <cstddef>
#include <cstdint>

namespace foldback::cli {

/// Lets this process open as many files as the system allows it at all, and returns how many that is.
[[nodiscard]] std::uint64_t raise_open_file_limit() noexcept;

/// How many of `wanted` connections there is room for beside so many stores, one for each partition. The stores come first: a
/// connection that finds no file is turned away, while a store that finds none breaks.
[[nodiscard]] std::size_t connections_within(std::uint64_t open_files, std::uint64_t stores,
                                             std::size_t wanted) noexcept;

/// Fewer connections than this are not worth a server.
inline constexpr std::size_t min_connections = 16;

}  // namespace foldback::cli
