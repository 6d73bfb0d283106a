#include "cli/open_files.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace foldback::cli {
namespace {

/// The segments that a store keeps open (128), its index, its connections to a database.
constexpr std::uint64_t files_of_store = 160;
/// Listeners, event loops, standard streams.
constexpr std::uint64_t files_of_process = 96;

}  // namespace

std::uint64_t raise_open_file_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur;
}

std::size_t connections_within(std::uint64_t open_files, std::uint64_t stores, std::size_t wanted) noexcept {
    const auto reserved = files_of_process + stores * files_of_store;
    const auto left = open_files - std::min(open_files, reserved);
    return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, left));
}

}  // namespace foldback::cli
