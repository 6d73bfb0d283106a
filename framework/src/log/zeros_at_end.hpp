#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "log/device.hpp"

namespace foldback::log {

/// Looks for zeros from the end of a file backwards, on a thread of its own, while its owner reads from the front. Where
/// it cannot read, it knows nothing: the owner gets there and sees.
class ZerosAtEnd {
public:
    /// Nothing before `from` is looked at. The file outlives this.
    ZerosAtEnd(const LogFile& file, std::uint64_t from);
    ~ZerosAtEnd();
    ZerosAtEnd(const ZerosAtEnd&) = delete;
    ZerosAtEnd& operator=(const ZerosAtEnd&) = delete;

    /// From here on there are only zeros, as far as is known now.
    [[nodiscard]] std::uint64_t begin() const noexcept { return begin_.load(std::memory_order_acquire); }

private:
    void search(const LogFile& file, std::uint64_t from) noexcept;

    std::atomic<std::uint64_t> begin_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

}  // namespace foldback::log
