#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "http/wire.hpp"

namespace foldback::server::http {

/// Lends input buffers of one size. A connection holds one only while it has unread input, so idle connections cost
/// none, and busy ones share the few that are warm in the cache. One thread.
class BufferPool {
public:
    explicit BufferPool(std::size_t buffer_bytes) : buffer_bytes_(buffer_bytes) {}

    [[nodiscard]] std::size_t buffer_bytes() const noexcept { return buffer_bytes_; }

    [[nodiscard]] std::unique_ptr<char[]> take() {
        if (free_.empty()) return std::make_unique_for_overwrite<char[]>(buffer_bytes_);
        auto buffer = std::move(free_.back());
        free_.pop_back();
        return buffer;
    }

    void give_back(std::unique_ptr<char[]> buffer) {
        if (free_.size() < max_free) free_.push_back(std::move(buffer));
    }

private:
    static constexpr std::size_t max_free = 64;

    std::size_t buffer_bytes_;
    std::vector<std::unique_ptr<char[]>> free_;
};

/// The input of one connection that is received and not yet consumed.
class Input {
public:
    enum class Received : std::uint8_t { data, nothing, end };

    explicit Input(BufferPool& pool) : pool_(pool) {}
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    ~Input() { release(); }

    [[nodiscard]] std::string_view view() const noexcept { return {buffer_.get() + begin_, end_ - begin_}; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }
    [[nodiscard]] bool empty() const noexcept { return begin_ == end_; }

    void consume(std::size_t bytes) noexcept {
        begin_ += bytes;
        if (begin_ == end_) release();
    }

    /// Takes what the wire has, without waiting, up to `limit` unread bytes in all. `nothing` also when that is
    /// reached; `end` when the peer is done or the wire is broken.
    [[nodiscard]] Received receive(Wire& wire, std::size_t limit);

private:
    void release() noexcept {
        begin_ = end_ = 0;
        if (buffer_) pool_.give_back(std::move(buffer_));
    }

    BufferPool& pool_;
    std::unique_ptr<char[]> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace foldback::server::http
