#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
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
#include "log/directory.hpp"

namespace foldback {

namespace {

using namespace log;

constexpr mode_t directory_mode = 0700;

class DiskFile final : public LogFile {
public:
    explicit DiskFile(std::unique_ptr<Directory::File> file) : file_(std::move(file)) {}

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        const auto file = file_->opened();
        std::size_t done = 0;
        while (done < out.size()) {
            const auto count = uninterrupted([&] { return read_some(file->get(), offset + done, out.subspan(done)); });
            if (count < 0) fail("reading");
            if (count == 0) break;
            done += static_cast<std::size_t>(count);
        }
        return done;
    }

    void write_at(std::uint64_t offset, std::span<const std::byte> data) override {
        const auto file = file_->opened();
        while (!data.empty()) {
            const auto count = uninterrupted(
                [&] { return ::pwrite(file->get(), data.data(), data.size(), static_cast<off_t>(offset)); });
            if (count == 0) errno = EIO;
            if (count <= 0) fail("writing");
            offset += static_cast<std::uint64_t>(count);
            data = data.subspan(static_cast<std::size_t>(count));
        }
    }

    void sync() override {
        if (::fdatasync(file_->opened()->get()) != 0) fail("flushing");
    }

    void allocate(std::uint64_t size) override {
        const auto file = file_->opened();
        const auto length = static_cast<off_t>(size);
        if (uninterrupted([&] { return ::fallocate(file->get(), 0, 0, length); }) == 0) return;
        if (errno != EOPNOTSUPP && errno != ENOSYS) fail("reserving space for");
        allocate_by_writing(size);
    }

    std::uint64_t size() const override {
        struct stat status {};
        if (::fstat(file_->opened()->get(), &status) != 0) fail("asking for the size of");
        return static_cast<std::uint64_t>(status.st_size);
    }

    std::uint64_t next_written(std::uint64_t offset) const override {
        const auto found = ::lseek(file_->opened()->get(), static_cast<off_t>(offset), SEEK_DATA);
        if (found >= 0) return static_cast<std::uint64_t>(found);
        return errno == ENXIO ? std::max(offset, size()) : offset;  // ENXIO: nothing but a hole; else: cannot tell
    }

    bool may_be_read_ahead() const override { return true; }

    void write_blocks(std::uint64_t offset, std::span<const std::byte> blocks) override {
        if (!direct_) direct_.emplace(open_direct());
        while (direct_->get() >= 0 && !blocks.empty()) {
            const auto count = uninterrupted(
                [&] { return ::pwrite(direct_->get(), blocks.data(), blocks.size(), static_cast<off_t>(offset)); });
            if (count <= 0 || count % static_cast<ssize_t>(block_bytes) != 0) {
                if (count < 0 && errno != EINVAL) fail("writing");
                direct_.emplace(-1);  // not on this file system, or not with blocks of this size
                break;
            }
            offset += static_cast<std::uint64_t>(count);
            blocks = blocks.subspan(static_cast<std::size_t>(count));
        }
        write_at(offset, blocks);
    }

    void finish_blocks() noexcept override { direct_.reset(); }

    void settle() override {
        finish_blocks();
        file_->settle();
    }

private:
    [[noreturn]] void fail(const char* doing) const {
        const auto error = errno;
        throw_device_error(error, std::string(doing) + ' ' + file_->path());
    }

    /// The same file once more, for writing past the page cache. -1 where there is no such thing. Reading goes on through
    /// the cache: the kernel drops what it holds of a block that is written past it.
    [[nodiscard]] Descriptor open_direct() const {
        const auto same_file = "/proc/self/fd/" + std::to_string(file_->opened()->get());
        return Descriptor(::open(same_file.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC));
    }

    /// One system call. Throws NotInMemory where ReadMode asks for it and the file system can tell.
    static ssize_t read_some(int descriptor, std::uint64_t offset, std::span<std::byte> out) {
        const auto at = static_cast<off_t>(offset);
        if (ReadMode::current() == ReadMode::memory_only) {
            const iovec piece{.iov_base = out.data(), .iov_len = out.size()};
            const auto count = ::preadv2(descriptor, &piece, 1, at, RWF_NOWAIT);
            if (count >= 0) return count;
            if (errno == EAGAIN) throw NotInMemory();
            if (errno != EOPNOTSUPP && errno != ENOSYS) return count;
        }
        return ::pread(descriptor, out.data(), out.size(), at);
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
            if (::ftruncate(file_->opened()->get(), static_cast<off_t>(old_size)) != 0) fail("shortening");
            throw;
        }
    }

    const std::unique_ptr<Directory::File> file_;
    std::optional<Descriptor> direct_;  ///< since the first whole block was written; -1: not to be had
};

class FileLock final : public DeviceLock {
public:
    explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

private:
    Descriptor descriptor_;  // closing it ends the lock
};

class FileDevice final : public LogDevice {
public:
    FileDevice(const std::filesystem::path& directory, std::size_t settled_limit)
        : directory_(std::make_shared<Directory>(directory, settled_limit)) {}

    std::unique_ptr<LogFile> open(std::string_view name, Open mode) override {
        return std::make_unique<DiskFile>(directory_->open(name, flags_of(mode), mode == Open::read_only));
    }

    std::vector<std::string> list() const override {
        Descriptor copy(::openat(directory_->descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (copy.get() < 0) fail("listing");
        DIR* stream = ::fdopendir(copy.get());
        if (stream == nullptr) fail("listing");
        static_cast<void>(copy.release());
        const std::unique_ptr<DIR, int (*)(DIR*)> owner(stream, &::closedir);
        std::vector<std::string> names;
        errno = 0;
        while (const dirent* entry = ::readdir(stream)) {
            const std::string_view name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
            errno = 0;
        }
        if (errno != 0) fail("listing");
        std::sort(names.begin(), names.end());
        return names;
    }

    void rename(std::string_view from, std::string_view to) override { directory_->rename(from, to); }

    void remove(std::string_view name) override { directory_->remove(name); }

    void sync_directory() override {
        if (::fsync(directory_->descriptor()) != 0) fail("flushing");
    }

    std::unique_ptr<DeviceLock> try_lock() override {
        // flock, because a POSIX lock ends when any other descriptor of the file is closed.
        Descriptor lock = directory_->open_descriptor("LOCK", O_RDWR | O_CREAT);
        if (uninterrupted([&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB); }) != 0) {
            if (errno == EWOULDBLOCK) return nullptr;
            throw_device_error(errno, "locking " + describe("LOCK"));
        }
        return std::make_unique<FileLock>(std::move(lock));
    }

    std::string describe(std::string_view name) const override { return directory_->describe(name); }

private:
    [[noreturn]] void fail(const char* doing) const {
        const auto error = errno;
        throw_device_error(error, std::string(doing) + " the directory " + describe(""));
    }

    static int flags_of(Open mode) noexcept {
        switch (mode) {
            case Open::read_only: return O_RDONLY;
            case Open::read_write: return O_RDWR;
            case Open::create_new: return O_RDWR | O_CREAT | O_EXCL;
        }
        return O_RDONLY;
    }

    const std::shared_ptr<Directory> directory_;
};

/// A directory that may be searched but not listed cannot be opened, and so not flushed either.
void flush_directory(const std::filesystem::path& directory) {
    const Descriptor descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0 && errno == EACCES) return;
    if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0) {
        throw_device_error(errno, "flushing the directory " + directory.string());
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
    if (errno != EEXIST) throw_device_error(errno, "creating the directory " + directory.string());
    // Whoever created it may have died before making it durable.
    flush_directory(parent);
}

}  // namespace

std::shared_ptr<LogDevice> make_file_device(const std::filesystem::path& directory, std::size_t settled_limit) {
    auto absolute = std::filesystem::absolute(directory).lexically_normal();
    if (!absolute.has_filename()) absolute = absolute.parent_path();  // written with a slash at the end
    make_directory(absolute);
    return std::make_shared<FileDevice>(absolute, settled_limit);
}

}  // namespace foldback
