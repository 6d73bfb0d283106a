#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "log/device.hpp"

namespace foldback::log {

/// The files that become segments: at most one is zero-filled ahead, because overwriting a written block is flushed
/// several times faster than writing a merely allocated one. `fill_slice` and `take` may be called from two threads.
class SegmentSupply {
public:
    SegmentSupply(std::shared_ptr<LogDevice> device, std::uint64_t segment_bytes);

    /// Takes over the spare that an earlier process left, or removes it when it has another size.
    void adopt_spare();
    /// Takes over the file that an earlier process was filling, to be filled from its beginning; or removes it likewise. To give
    /// its space back and reserve it again takes milliseconds.
    void adopt_filling();

    /// Zero-fills one slice; false when the spare is ready, there is no space, or filling failed.
    bool fill_slice();

    /// A file of at least `capacity` bytes, all reserved, named `blank_name`. The spare if it is ready, else a newly
    /// allocated file; never waits for a slice unless there is space for nothing else. Throws DeviceError.
    struct Blank {
        std::unique_ptr<LogFile> file;
        std::uint64_t capacity = 0;
    };
    [[nodiscard]] Blank take(std::uint64_t capacity);

private:
    [[nodiscard]] Blank take_spare();
    [[nodiscard]] Blank allocate_blank(std::uint64_t capacity);
    void fill_next_slice();

    std::shared_ptr<LogDevice> device_;
    std::uint64_t segment_bytes_;

    std::mutex mutex_;  // held while a slice is written
    std::unique_ptr<LogFile> spare_;
    std::uint64_t filled_bytes_ = 0;
    bool ready_ = false;
    bool failed_ = false;
};

}  // namespace foldback::log
