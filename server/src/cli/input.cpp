#include "cli/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/interrupt.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;

}  // namespace

Input::Input(const std::string& path)
    : name_(path == "-" ? "standard input" : path),
      fd_(path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) throw Failure(ExitCode::not_found, fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    struct stat facts {};
    if (::fstat(fd_, &facts) == 0 && S_ISREG(facts.st_mode)) size_ = static_cast<std::uint64_t>(facts.st_size);
}

Input::~Input() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
}

bool Input::is_terminal() const { return ::isatty(fd_) == 1; }

bool Input::fill() {
    if (ended_) return false;
    if (taken_ > 0) {
        buffer_.erase(0, taken_);
        taken_ = 0;
    }
    const auto before = buffer_.size();
    buffer_.resize(before + piece_bytes);
    ssize_t count = 0;
    do {
        count = ::read(fd_, buffer_.data() + before, piece_bytes);
        if (count < 0 && errno == EINTR) throw_if_interrupted();
    } while (count < 0 && errno == EINTR);
    buffer_.resize(before + static_cast<std::size_t>(count > 0 ? count : 0));
    if (count < 0) throw Failure(ExitCode::not_found, fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    ended_ = count == 0;
    bytes_read_ += static_cast<std::uint64_t>(count);
    return !ended_;
}

std::string Input::read(std::size_t limit) {
    while (buffer_.size() - taken_ < limit && fill()) {
    }
    auto bytes = buffer_.substr(taken_, limit);
    taken_ += bytes.size();
    return bytes;
}

std::optional<std::string> Input::read_line(std::size_t limit) {
    std::size_t searched = 0;
    for (;;) {
        const auto end = buffer_.find('\n', taken_ + searched);
        if (end != std::string::npos && end - taken_ <= limit) {
            auto line = buffer_.substr(taken_, end - taken_);
            taken_ = end + 1;
            return line;
        }
        searched = buffer_.size() - taken_;
        if (searched > limit) {
            throw Failure(ExitCode::usage, fmt::format("{} has a line longer than {}", name_, format_bytes(limit)));
        }
        if (fill()) continue;
        if (searched == 0) return std::nullopt;
        auto rest = buffer_.substr(taken_);
        taken_ = buffer_.size();
        return rest;
    }
}

bool Input::would_wait() const {
    if (ended_ || buffer_.find('\n', taken_) != std::string::npos) return false;
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    return ::poll(&ready, 1, 0) == 0;
}

}  // namespace foldback::cli
