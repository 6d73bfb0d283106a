#include "client/epoch_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>

#include "client/epochs.hpp"
#include "foldback/client/error.hpp"

namespace foldback::client::detail {
namespace {

/// Always written at this width, in one write over the old digits: there is no moment at which fewer are there.
constexpr std::size_t digits = 16;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& why,
                       ErrorCode code = ErrorCode::invalid_argument) {
    throw ClientError({.code = code, .message = "the epoch file " + file.string() + " " + why});
}

[[noreturn]] void fail_system(const std::filesystem::path& file, const char* doing) {
    fail(file, std::string("cannot be ") + doing + ": " + std::strerror(errno));
}

/// The name of a new file is on the disk only when its directory is.
void sync_directory_of(const std::filesystem::path& file) {
    const auto directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
    if (descriptor >= 0) ::close(descriptor);
    if (!synced) fail_system(file, "kept");
}

}  // namespace

EpochLock::EpochLock(const std::filesystem::path& file)
    : descriptor_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (descriptor_ < 0) fail_system(file, "opened");
    try {
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0)
            fail(file, "is used by another producer", ErrorCode::epoch_in_use);
        take_next(file);
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

EpochLock::~EpochLock() { ::close(descriptor_); }

void EpochLock::take_next(const std::filesystem::path& file) {
    std::array<char, 64> text{};
    const auto size = ::pread(descriptor_, text.data(), text.size(), 0);
    if (size < 0) fail_system(file, "read");
    if (size > 0) {
        const auto* const end = text.data() + size;
        const auto [rest, error] = std::from_chars(text.data(), end, epoch_);
        const bool is_epoch = error == std::errc{} && rest + 1 == end && *rest == '\n' && epoch_ < max_epoch;
        if (!is_epoch) fail(file, "holds no epoch");
        ++epoch_;
    }
    auto number = std::to_string(epoch_);
    number.insert(0, digits - number.size(), '0');
    number += '\n';
    if (::pwrite(descriptor_, number.data(), number.size(), 0) != static_cast<ssize_t>(number.size()))
        fail_system(file, "written");
    if (::fsync(descriptor_) != 0) fail_system(file, "written");
    if (size == 0) sync_directory_of(file);
}

}  // namespace foldback::client::detail
