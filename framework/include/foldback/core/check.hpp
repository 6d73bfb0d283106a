#pragma once

#include <cstdio>
#include <cstdlib>

namespace foldback::detail {

[[noreturn]] inline void check_failed(const char* condition, const char* text, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken precondition: %s (%s)\n", file, line, text, condition);
    std::abort();
}

}  // namespace foldback::detail

/// Aborts the process, naming the place, when `condition` is false: for what only a mistake in the program can break.
/// Always on. What input can break is no precondition: it gets an error.
#define FOLDBACK_CHECK(condition, text) \
    ((condition) ? static_cast<void>(0) : ::foldback::detail::check_failed(#condition, (text), __FILE__, __LINE__))
