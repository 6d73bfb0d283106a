#pragma once

#include <unistd.h>

#include <sys/mman.h>

#include <string>

#include "cli/output.hpp"

namespace foldback::cli {

/// A file in memory that keeps what was written to it.
class MemoryFile {
public:
    MemoryFile() : fd_(::memfd_create("test", MFD_CLOEXEC)) {}
    ~MemoryFile() { ::close(fd_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

    [[nodiscard]] std::string text() const {
        std::string bytes(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
        const auto count = ::pread(fd_, bytes.data(), bytes.size(), 0);
        bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return bytes;
    }

private:
    int fd_;
};

/// An Output whose words can be read back.
struct Captured {
    explicit Captured(OutputOptions options = {}) : output(with_files(options)) {}

    std::string data() {
        output.flush();
        return data_file.text();
    }
    [[nodiscard]] std::string notes() const { return notes_file.text(); }

    MemoryFile data_file;
    MemoryFile notes_file;
    Output output;

private:
    OutputOptions with_files(OutputOptions options) const {
        options.data_fd = data_file.fd();
        options.notes_fd = notes_file.fd();
        return options;
    }
};

}  // namespace foldback::cli
