#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace foldback {

/// A device call failed. Nothing is known about what reached the device unless the call says so.
class DeviceError : public std::system_error {
public:
    using std::system_error::system_error;

    [[nodiscard]] bool is_full() const noexcept {
        return code() == std::errc::no_space_on_device || code().value() == 122;  // EDQUOT has no std::errc
    }
};

/// Bytes that lie somewhere and can be read, from any thread at any time.
class ReadableFile {
public:
    virtual ~ReadableFile() = default;

    /// Reads up to `out.size()` bytes and returns how many there were before the end of the file. Throws DeviceError,
    /// and NotInMemory where the thread's ReadMode asks for that.
    [[nodiscard]] virtual std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;

    [[nodiscard]] virtual std::uint64_t size() const = 0;

    /// The first byte at or after `offset` that may differ from zero; at least `size()` when there is none. For skipping
    /// what was reserved and never written.
    [[nodiscard]] virtual std::uint64_t next_written(std::uint64_t offset) const { return offset; }
};

/// One open file of a log device. `read_at` may be called from any thread at any time; all other members from one
/// thread at a time. The file stays readable through this object after it was renamed over or removed.
class LogFile : public ReadableFile {
public:
    /// Writes all of `data`, extending the file where needed. Throws DeviceError; then any part may have been written.
    virtual void write_at(std::uint64_t offset, std::span<const std::byte> data) = 0;

    /// Makes everything written to this file durable. Throws DeviceError; then nothing is known about the unsynced
    /// writes and the call must never be retried (the kernel may have dropped them and report success next time).
    virtual void sync() = 0;

    /// Reserves space up to `size` without writing it; reads there give zeros. Throws DeviceError (is_full) and leaves
    /// the contents unchanged.
    virtual void allocate(std::uint64_t size) = 0;

    /// Whether a second thread may read for speed alone. Not where each call counts, as on devices that fail on purpose.
    [[nodiscard]] virtual bool may_be_read_ahead() const { return false; }

    /// As `write_at`, for whole blocks of `block_bytes` in memory that begins at a multiple of that: past the page cache,
    /// where the file system lets them. They are not synced by that. `offset + size` is within what is allocated.
    virtual void write_blocks(std::uint64_t offset, std::span<const std::byte> blocks) { write_at(offset, blocks); }

    /// No more whole blocks will be written: lets go of what it took.
    virtual void finish_blocks() noexcept {}

    /// Nothing more will be written: lets go of all that writing took. A device may close the file while nobody reads it.
    virtual void settle() {}
};

/// Keeps the device to one owner while it lives.
class DeviceLock {
public:
    virtual ~DeviceLock() = default;
};

/// A flat directory of files: the one place where the store's log touches the world.
///
/// Names are plain file names. Creation, renaming and removal are durable only after `sync_directory`. All members may
/// be called from any thread; open files may outlive the device object.
class LogDevice {
public:
    virtual ~LogDevice() = default;

    enum class Open : std::uint8_t { read_only, read_write, create_new };

    /// Throws DeviceError: no_such_file_or_directory, file_exists (create_new), others.
    [[nodiscard]] virtual std::unique_ptr<LogFile> open(std::string_view name, Open mode) = 0;

    /// Names of all files, sorted.
    [[nodiscard]] virtual std::vector<std::string> list() const = 0;
    virtual void rename(std::string_view from, std::string_view to) = 0;
    virtual void remove(std::string_view name) = 0;
    virtual void sync_directory() = 0;

    /// Null when another owner (another process, or another lock object) holds the device.
    [[nodiscard]] virtual std::unique_ptr<DeviceLock> try_lock() = 0;

    /// How error messages name a file of this device.
    [[nodiscard]] virtual std::string describe(std::string_view name) const = 0;
};

/// Of the files of a directory to which nothing more is written, so many are open at once: those that were read last.
inline constexpr std::size_t default_settled_limit = 128;

/// Files in a directory, which is created (and its parent synced) when missing. Files get mode 0600, a new directory
/// 0700. Locked with flock on `LOCK`.
[[nodiscard]] std::shared_ptr<LogDevice> make_file_device(const std::filesystem::path& directory,
                                                          std::size_t settled_limit = default_settled_limit);

/// Files in memory; `sync` does nothing.
[[nodiscard]] std::shared_ptr<LogDevice> make_memory_device();

}  // namespace foldback
