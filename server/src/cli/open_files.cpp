#include "cli/open_files.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace foldback::cli {
namespace {

/// The segments that a store keeps open (128), its index, listeners, event loops, standard streams.
constexpr std::uint64_t reserved = 256;

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

std::size_t connections_within(std::uint64_t open_files, std::size_t wanted) noexcept {
    const auto left = open_files - std::min(open_files, reserved);
    return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, left));
}

}  // namespace foldback::cli
