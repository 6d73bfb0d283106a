#include "raw_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

#include "log/crc32c.hpp"
#include "rows.hpp"

namespace bench {
namespace {

void check(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(std::string("benchmark: ") + what + " failed");
}

volatile std::uint32_t crc_sink;  // keeps the compiler from dropping the CRC

}  // namespace

RawLog::RawLog(const std::filesystem::path& file, std::uint64_t capacity)
    : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)), capacity_(capacity) {
    check(file_ >= 0, "open");
    const std::vector<char> zeros(1 << 20);
    for (std::uint64_t at = 0; at < capacity; at += zeros.size()) {
        check(::pwrite(file_, zeros.data(), zeros.size(), static_cast<off_t>(at)) == static_cast<ssize_t>(zeros.size()),
              "pwrite");
    }
    check(::fsync(file_) == 0, "fsync");
}

RawLog::~RawLog() { ::close(file_); }

double RawLog::groups_per_second(std::size_t bytes, double for_seconds) {
    const std::string group(bytes, 'x');
    std::uint64_t groups = 0;
    const auto begin = std::chrono::steady_clock::now();
    std::chrono::duration<double> elapsed{};
    do {
        if (at_ + bytes > capacity_) at_ = 0;
        check(::pwrite(file_, group.data(), group.size(), static_cast<off_t>(at_)) == static_cast<ssize_t>(bytes),
              "pwrite");
        check(::fdatasync(file_) == 0, "fdatasync");
        at_ += bytes;
        ++groups;
        elapsed = std::chrono::steady_clock::now() - begin;
    } while (elapsed.count() < for_seconds);
    return static_cast<double>(groups) / elapsed.count();
}

double scan_segments(const std::filesystem::path& store, std::uint64_t& bytes) {
    bytes = 0;
    std::vector<char> piece(1 << 20);
    return seconds([&] {
        for (const auto& entry : std::filesystem::directory_iterator(store)) {
            if (entry.path().extension() != ".segment") continue;
            const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
            check(file >= 0, "open");
            std::uint32_t crc = 0;
            off_t at = 0;
            while (true) {
                const auto got = ::pread(file, piece.data(), piece.size(), at);
                check(got >= 0, "pread");
                if (got == 0) break;
                crc = foldback::log::crc32c({piece.data(), static_cast<std::size_t>(got)}, crc);
                at += got;
            }
            crc_sink = crc;
            bytes += static_cast<std::uint64_t>(at);
            ::close(file);
        }
    });
}

}  // namespace bench
