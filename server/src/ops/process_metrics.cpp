#include "ops/process_metrics.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

namespace foldback::server {
namespace {

std::uint64_t open_files() {
    std::uint64_t count = 0;
    auto* directory = ::opendir("/proc/self/fd");
    if (directory == nullptr) return 0;
    while (::readdir(directory) != nullptr) ++count;
    ::closedir(directory);
    return count > 3 ? count - 3 : 0;  // ., .. and the directory itself
}

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// Virtual and resident, in pages.
std::pair<std::uint64_t, std::uint64_t> memory_pages() {
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return {all, resident};
}

double start_time() {
    static const auto start = std::chrono::system_clock::now();
    return std::chrono::duration<double>(start.time_since_epoch()).count();
}

/// So that the process did not start when it was first asked.
[[maybe_unused]] const double started = start_time();

}  // namespace

void write_process_metrics(MetricsText& text) {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    const auto [all, resident] = memory_pages();
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    text.counter("process_cpu_seconds_total", "Processor time spent, user and system.");
    text.sample({}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
    text.gauge("process_resident_memory_bytes", "Memory in use.");
    text.sample({}, resident * page);
    text.gauge("process_virtual_memory_bytes", "Address space in use.");
    text.sample({}, all * page);
    text.gauge("process_open_fds", "Open files.");
    text.sample({}, open_files());
    text.gauge("process_max_fds", "Files that may be open.");
    text.sample({}, static_cast<std::uint64_t>(files.rlim_cur));
    text.gauge("process_start_time_seconds", "When the process began, in seconds since 1970.");
    text.sample({}, start_time());
}

}  // namespace foldback::server
