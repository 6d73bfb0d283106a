#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "log/device.hpp"

namespace foldback::s3 {

/// A file without a name, which is gone with this. `append` from one thread at a time, and not while others read.
class Spool final : public ReadableFile {
public:
    /// Makes the directory when it is missing. Throws DeviceError.
    explicit Spool(const std::filesystem::path& directory);

    /// Throws DeviceError; then any part may be appended.
    void append(std::string_view bytes);

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override;
    std::uint64_t size() const override { return size_; }

private:
    std::unique_ptr<LogFile> file_;
    std::uint64_t size_ = 0;
};

}  // namespace foldback::s3
