#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "log/device.hpp"

namespace foldback::log {

/// Owns a file descriptor.
class Descriptor {
public:
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&&) = delete;
    ~Descriptor();

    [[nodiscard]] int get() const noexcept { return number_; }
    [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

private:
    int number_;
};

[[noreturn]] void throw_device_error(int error, const std::string& what);

/// Repeats a system call that a signal interrupted. Never for flushing: see LogFile::sync.
template <class Call>
auto uninterrupted(Call call) {
    auto result = call();
    while (result < 0 && errno == EINTR) result = call();
    return result;
}

/// A directory and the files of it that somebody may read or write.
///
/// What is written is open. Of the files that are read only, the `settled_limit` that were read last are; another one is
/// opened, by its present name, when it is read. A file that loses its name stays open. Any thread.
class Directory : public std::enable_shared_from_this<Directory> {
public:
    class File;

    /// Throws DeviceError.
    Directory(std::filesystem::path path, std::size_t settled_limit);

    [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
    [[nodiscard]] std::string describe(std::string_view name) const { return (path_ / name).string(); }

    /// Opens a file, with flags of open(2), beside what this directory keeps account of. Throws DeviceError.
    [[nodiscard]] Descriptor open_descriptor(const std::string& name, int flags) const;
    /// Throws DeviceError. `is_settled`: nothing will be written through it.
    [[nodiscard]] std::unique_ptr<File> open(std::string_view name, int flags, bool is_settled);
    /// Throw DeviceError; then nothing happened.
    void rename(std::string_view from, std::string_view to);
    void remove(std::string_view name);

private:
    void keep_open_those_named(const std::string& name);
    [[nodiscard]] std::shared_ptr<const Descriptor> reopen(File& file);
    void close_some();

    const std::filesystem::path path_;
    const std::size_t settled_limit_;
    const Descriptor descriptor_;

    mutable std::mutex mutex_;  // taken before that of a file
    std::unordered_multimap<std::string, File*> files_;
    std::deque<File*> closable_;  ///< the open ones that need not be
};

/// A file of a directory, open or not.
class Directory::File {
public:
    File(std::shared_ptr<Directory> directory, std::string name, Descriptor descriptor);
    ~File();

    /// Opens the file if it is not. Throws DeviceError, and NotInMemory where the thread's ReadMode asks for that.
    [[nodiscard]] std::shared_ptr<const Descriptor> opened();
    /// Nothing more will be written through it: closes it.
    void settle();
    [[nodiscard]] std::string path() const;

private:
    friend class Directory;

    [[nodiscard]] std::shared_ptr<const Descriptor> descriptor() const;
    void set_descriptor(std::shared_ptr<const Descriptor> descriptor);

    const std::shared_ptr<Directory> directory_;
    std::string name_;              // guarded by the directory's mutex, as is the next
    bool has_name_ = true;          ///< it can be opened again
    std::atomic<bool> used_{true};  ///< since it was last considered for closing

    mutable std::mutex mutex_;
    std::shared_ptr<const Descriptor> descriptor_;  ///< null: closed
};

}  // namespace foldback::log
