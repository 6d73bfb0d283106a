#include "program/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace orders::cli {
namespace {

constexpr std::size_t bar_width = 30;

}  // namespace

Progress::Progress(std::string what, std::uint64_t total, bool quiet)
    : what_(std::move(what)), total_(total), quiet_(quiet), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::uint64_t done) {
    if (quiet_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < (terminal_ ? std::chrono::milliseconds(100) : std::chrono::milliseconds(5'000))) return;
    shown_ = now;
    draw(done);
}

void Progress::finish(std::uint64_t done) {
    if (quiet_) return;
    draw(done);
    if (terminal_) std::fputc('\n', stderr);
}

double Progress::seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void Progress::draw(std::uint64_t done) const {
    const auto rate = static_cast<double>(done) / std::max(seconds(), 0.001);
    const auto left = rate > 0 ? static_cast<double>(total_ - std::min(done, total_)) / rate : 0.0;
    const auto filled = total_ == 0 ? bar_width : std::min(bar_width, done * bar_width / total_);
    std::string bar;
    for (std::size_t i = 0; i < bar_width; ++i) bar += i < filled ? "█" : "░";
    std::fprintf(stderr, "%s%s %s %llu of %llu · %.0f/s · %.0f s left%s", terminal_ ? "\r" : "", bar.c_str(),
                 what_.c_str(), static_cast<unsigned long long>(done), static_cast<unsigned long long>(total_), rate,
                 left, terminal_ ? "\x1b[K" : "\n");
    std::fflush(stderr);
}

}  // namespace orders::cli
