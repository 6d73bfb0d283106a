#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "log/device.hpp"
#include "s3/caller.hpp"
#include "s3/spool.hpp"

namespace foldback::s3 {

/// An object of a bucket as it was when it was found. Whoever reads it from its beginning on gets the bytes a window at a time, and each
/// once: they are kept in a file, so that what was checked is what is read later. Bytes elsewhere are fetched as they are asked for.
class Object final : public ReadableFile {
public:
    /// Null when there is none of that key. Throws DeviceError.
    [[nodiscard]] static std::shared_ptr<const Object> find(std::shared_ptr<Caller> caller, std::string key,
                                                            std::filesystem::path scratch, std::stop_token stop);

    Object(std::shared_ptr<Caller> caller, std::string key, std::filesystem::path scratch, std::stop_token stop,
           Piece beginning);

    /// Throws PlaceUnreachable, and DeviceError, also when the object is another one by now.
    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override;
    std::uint64_t size() const override { return size_; }

private:
    void read_beginning_to(std::uint64_t end) const;
    [[nodiscard]] std::string fetch(std::uint64_t from, std::uint64_t bytes) const;

    std::shared_ptr<Caller> caller_;
    std::string key_;
    std::filesystem::path scratch_;
    std::stop_token stop_;
    std::uint64_t size_;
    std::string etag_;
    std::string first_;  ///< its first bytes
    mutable std::mutex mutex_;
    mutable std::optional<Spool> beginning_;  ///< as much of it as was read
};

}  // namespace foldback::s3
