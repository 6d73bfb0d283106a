#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace foldback::postgres {

/// A file that becomes readable when somebody calls `wake`, for who waits for it and a socket at once.
class WakeFile {
public:
    /// Throws std::system_error.
    WakeFile() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (descriptor_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    }
    WakeFile(const WakeFile&) = delete;
    WakeFile& operator=(const WakeFile&) = delete;
    ~WakeFile() { ::close(descriptor_); }

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    /// Any thread.
    void wake() noexcept { ::eventfd_write(descriptor_, 1); }
    /// Sets it back; whether it was woken since the last time.
    [[nodiscard]] bool take() noexcept {
        eventfd_t count = 0;
        return ::eventfd_read(descriptor_, &count) == 0;
    }

private:
    const int descriptor_;
};

}  // namespace foldback::postgres
