#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "foldback/store/read_mode.hpp"
#include "log/aligned_blocks.hpp"
#include "log/device.hpp"

namespace foldback {

namespace {

constexpr mode_t file_mode = 0600;
constexpr mode_t directory_mode = 0700;

[[noreturn]] void fail(int error, const std::string& what) {
    throw DeviceError(std::error_code(error, std::generic_category()), what);
}

/// Owns a file descriptor.
class Descriptor {
public:
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor() {
        if (number_ >= 0) ::close(number_);
    }

    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

private:
    int number_;
};

/// Repeats a system call that a signal interrupted. Never for flushing: see LogFile::sync.
template <class Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

class DiskFile final : public LogFile {
public:
    DiskFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        std::size_t done = 0;
        while (done < out.size()) {
            const auto count = uninterrupted([&] { return read_some(offset + done, out.subspan(done)); });
            if (count < 0) fail(errno, "reading " + path_);
            if (count == 0) break;
            done += static_cast<std::size_t>(count);
        }
        return done;
    }

    void write_at(std::uint64_t offset, std::span<const std::byte> data) override {
        while (!data.empty()) {
            const auto count = uninterrupted(
                [&] { return ::pwrite(descriptor_.get(), data.data(), data.size(), static_cast<off_t>(offset)); });
            if (count < 0) fail(errno, "writing " + path_);
            if (count == 0) fail(EIO, "writing " + path_);
            offset += static_cast<std::uint64_t>(count);
            data = data.subspan(static_cast<std::size_t>(count));
        }
    }

    void sync() override {
        if (::fdatasync(descriptor_.get()) != 0) fail(errno, "flushing " + path_);
    }

    void allocate(std::uint64_t size) override {
        const auto length = static_cast<off_t>(size);
        if (uninterrupted([&] { return ::fallocate(descriptor_.get(), 0, 0, length); }) == 0) return;
        if (errno != EOPNOTSUPP && errno != ENOSYS) fail(errno, "reserving space for " + path_);
        allocate_by_writing(size);
    }

    std::uint64_t size() const override {
        struct stat status {};
        if (::fstat(descriptor_.get(), &status) != 0) fail(errno, "asking for the size of " + path_);
        return static_cast<std::uint64_t>(status.st_size);
    }

    std::uint64_t next_written(std::uint64_t offset) const override {
        const auto found = ::lseek(descriptor_.get(), static_cast<off_t>(offset), SEEK_DATA);
        if (found >= 0) return static_cast<std::uint64_t>(found);
        return errno == ENXIO ? std::max(offset, size()) : offset;  // ENXIO: nothing but a hole; else: cannot tell
    }

    bool may_be_read_ahead() const override { return true; }

    void write_blocks(std::uint64_t offset, std::span<const std::byte> blocks) override {
        if (!direct_) direct_.emplace(open_direct());
        while (direct_->get() >= 0 && !blocks.empty()) {
            const auto count = uninterrupted(
                [&] { return ::pwrite(direct_->get(), blocks.data(), blocks.size(), static_cast<off_t>(offset)); });
            if (count <= 0 || count % static_cast<ssize_t>(log::block_bytes) != 0) {
                if (count < 0 && errno != EINVAL) fail(errno, "writing " + path_);
                direct_.emplace(-1);  // not on this file system, or not with blocks of this size
                break;
            }
            offset += static_cast<std::uint64_t>(count);
            blocks = blocks.subspan(static_cast<std::size_t>(count));
        }
        write_at(offset, blocks);
    }

    void finish_blocks() noexcept override { direct_.reset(); }

private:
    /// The same file once more, for writing past the page cache. -1 where there is no such thing. Reading goes on through
    /// the cache: the kernel drops what it holds of a block that is written past it.
    [[nodiscard]] Descriptor open_direct() const {
        const auto same_file = "/proc/self/fd/" + std::to_string(descriptor_.get());
        return Descriptor(::open(same_file.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
    }

    /// One system call. Throws NotInMemory where ReadMode asks for it and the file system can tell.
    ssize_t read_some(std::uint64_t offset, std::span<std::byte> out) const {
        const auto at = static_cast<off_t>(offset);
        if (ReadMode::current() == ReadMode::memory_only) {
            const iovec piece{.iov_base = out.data(), .iov_len = out.size()};
            const auto count = ::preadv2(descriptor_.get(), &piece, 1, at, RWF_NOWAIT);
            if (count >= 0) return count;
            if (errno == EAGAIN) throw NotInMemory();
            if (errno != EOPNOTSUPP && errno != ENOSYS) return count;
        }
        return ::pread(descriptor_.get(), out.data(), out.size(), at);
    }

    /// For file systems that cannot reserve: what the file lacks is written as zeros. Holes inside it stay.
    void allocate_by_writing(std::uint64_t wanted_size) {
        const std::uint64_t old_size = size();
        const std::vector<std::byte> zeros(
            static_cast<std::size_t>(std::min<std::uint64_t>(1 << 20, wanted_size - std::min(wanted_size, old_size))));
        try {
            for (std::uint64_t at = old_size; at < wanted_size; at += zeros.size()) {
                write_at(at, std::span(zeros).first(std::min<std::uint64_t>(zeros.size(), wanted_size - at)));
            }
        } catch (const DeviceError&) {
            if (::ftruncate(descriptor_.get(), static_cast<off_t>(old_size)) != 0) fail(errno, "shortening " + path_);
            throw;
        }
    }

    Descriptor descriptor_;
    std::optional<Descriptor> direct_;  ///< since the first whole block was written; -1: not to be had
    std::string path_;
};

class FileLock final : public DeviceLock {
public:
    explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

private:
    Descriptor descriptor_;  // closing it ends the lock
};

class FileDevice final : public LogDevice {
public:
    explicit FileDevice(const std::filesystem::path& directory)
        : path_(directory), descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (descriptor_.get() < 0) fail(errno, "opening the directory " + path_.string());
    }

    std::unique_ptr<LogFile> open(std::string_view name, Open mode) override {
        return std::make_unique<DiskFile>(open_descriptor(name, flags_of(mode)), describe(name));
    }

    std::vector<std::string> list() const override {
        Descriptor copy(::openat(descriptor_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (copy.get() < 0) fail(errno, "listing " + path_.string());
        DIR* stream = ::fdopendir(copy.get());
        if (stream == nullptr) fail(errno, "listing " + path_.string());
        static_cast<void>(copy.release());
        const std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, &::closedir);
        std::vector<std::string> names;
        errno = 0;
        while (const dirent* entry = ::readdir(stream)) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
            errno = 0;
        }
        if (errno != 0) fail(errno, "listing " + path_.string());
        std::sort(names.begin(), names.end());
        return names;
    }

    void rename(std::string_view from, std::string_view to) override {
        const std::string old_name(from);
        const std::string new_name(to);
        if (::renameat(descriptor_.get(), old_name.c_str(), descriptor_.get(), new_name.c_str()) != 0) {
            fail(errno, "renaming " + describe(from) + " to " + new_name);
        }
    }

    void remove(std::string_view name) override {
        if (::unlinkat(descriptor_.get(), std::string(name).c_str(), 0) != 0) fail(errno, "removing " + describe(name));
    }

    void sync_directory() override {
        if (::fsync(descriptor_.get()) != 0) fail(errno, "flushing the directory " + path_.string());
    }

    std::unique_ptr<DeviceLock> try_lock() override {
        // flock, because a POSIX lock ends when any other descriptor of the file is closed.
        Descriptor lock = open_descriptor("LOCK", O_RDWR | O_CREAT);
        if (uninterrupted([&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB); }) != 0) {
            if (errno == EWOULDBLOCK) return nullptr;
            fail(errno, "locking " + describe("LOCK"));
        }
        return std::make_unique<FileLock>(std::move(lock));
    }

    std::string describe(std::string_view name) const override { return (path_ / name).string(); }

private:
    static int flags_of(Open mode) noexcept {
        switch (mode) {
            case Open::read_only: return O_RDONLY;
            case Open::read_write: return O_RDWR;
            case Open::create_new: return O_RDWR | O_CREAT | O_EXCL;
        }
        return O_RDONLY;
    }

    Descriptor open_descriptor(std::string_view name, int flags) const {
        const std::string text(name);
        Descriptor file(uninterrupted(
            [&] { return ::openat(descriptor_.get(), text.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, file_mode); }));
        if (file.get() < 0) fail(errno, "opening " + describe(name));
        return file;
    }

    std::filesystem::path path_;
    Descriptor descriptor_;
};

/// A directory that may be searched but not listed cannot be opened, and so not flushed either.
void flush_directory(const std::filesystem::path& directory) {
    const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0 && errno == EACCES) return;
    if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0) {
        fail(errno, "flushing the directory " + directory.string());
    }
}

/// Creates a directory and those above it that are missing, each durably.
void make_directory(const std::filesystem::path& directory) {
    const auto parent = directory.parent_path();
    if (::mkdir(directory.c_str(), directory_mode) == 0) return flush_directory(parent);
    if (errno == ENOENT && parent != directory) {
        make_directory(parent);
        return make_directory(directory);
    }
    if (errno != EEXIST) fail(errno, "creating the directory " + directory.string());
    // Whoever created it may have died before making it durable.
    flush_directory(parent);
}

}  // namespace

std::shared_ptr<LogDevice> make_file_device(const std::filesystem::path& directory) {
    auto absolute = std::filesystem::absolute(directory).lexically_normal();
    if (!absolute.has_filename()) absolute = absolute.parent_path();  // written with a slash at the end
    make_directory(absolute);
    return std::make_shared<FileDevice>(absolute);
}

}  // namespace foldback
