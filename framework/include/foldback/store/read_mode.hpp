#pragma once

#include <cstdint>
#include <exception>

namespace foldback {

/// A read would have to wait for a disk, and ReadMode::memory_only forbids that. Nothing happened; the same read may be
/// made again on a thread that may wait.
class NotInMemory final : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "what is to be read is not in memory"; }
};

/// How reads of any store on the present thread go about what is not in memory, for the life of the object.
///
/// For threads that serve many and must not wait for one. Data of the log counts as being in memory when the kernel has
/// it in its page cache, where the file system can tell (ext4, XFS, Btrfs; elsewhere such reads wait). The index is small
/// and in use, and is taken to be in memory: to ask another thread each time would cost most reads two thirds of their
/// speed. Objects nest; the innermost counts. Each belongs to the thread that made it.
class ReadMode {
public:
    enum class Mode : std::uint8_t {
        may_wait,     ///< reads wait: how it is without any object
        memory_only,  ///< reads throw NotInMemory rather than wait
    };
    using enum Mode;

    explicit ReadMode(Mode mode) noexcept;
    ReadMode(const ReadMode&) = delete;
    ReadMode& operator=(const ReadMode&) = delete;
    ~ReadMode();

    /// Of the present thread.
    [[nodiscard]] static Mode current() noexcept;

private:
    Mode outer_;
};

}  // namespace foldback
