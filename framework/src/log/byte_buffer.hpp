#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace foldback::log {

/// Bytes that grow at their end. They begin in memory of their own or in memory that is lent to them; what outgrows that
/// moves into memory of its own.
class ByteBuffer {
public:
    ByteBuffer() = default;
    ByteBuffer(ByteBuffer&& other) noexcept { *this = std::move(other); }
    ByteBuffer& operator=(ByteBuffer&& other) noexcept {
        own_ = std::move(other.own_);
        own_bytes_ = std::exchange(other.own_bytes_, 0);
        begin_ = std::exchange(other.begin_, nullptr);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }

    /// Empty again, in memory of its own.
    void clear() noexcept { begin_in({own_.get(), own_bytes_}); }
    /// Empty again, in memory that outlives this use of it.
    void begin_in(std::span<char> memory) noexcept {
        begin_ = memory.data();
        capacity_ = memory.size();
        size_ = 0;
    }
    /// Gives memory of its own back; for an empty buffer.
    void shrink() noexcept {
        own_.reset();
        own_bytes_ = 0;
        clear();
    }

    /// Longer by `count` bytes, which are the caller's to write: where they are, until it grows again.
    [[nodiscard]] char* extend(std::size_t count) {
        if (capacity_ - size_ < count) move_to_larger(size_ + count);
        size_ += count;
        return begin_ + (size_ - count);
    }
    void append(const char* bytes, std::size_t count) {
        if (count == 0) return;
        std::memcpy(extend(count), bytes, count);
    }
    void append(std::string_view bytes) { append(bytes.data(), bytes.size()); }
    void append(std::size_t count, char byte) {
        if (count > 0) std::memset(extend(count), byte, count);
    }
    void push_back(char byte) { *extend(1) = byte; }

    [[nodiscard]] char* data() noexcept { return begin_; }
    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::size_t own_bytes() const noexcept { return own_bytes_; }
    [[nodiscard]] std::string_view view() const noexcept { return {begin_, size_}; }
    operator std::string_view() const noexcept { return view(); }

private:
    void move_to_larger(std::size_t wanted) {
        const auto bytes = std::max({wanted, 2 * capacity_, std::size_t{256}});
        auto larger = std::make_unique_for_overwrite<char[]>(bytes);
        if (size_ > 0) std::memcpy(larger.get(), begin_, size_);
        own_ = std::move(larger);
        own_bytes_ = capacity_ = bytes;
        begin_ = own_.get();
    }

    std::unique_ptr<char[]> own_;
    std::size_t own_bytes_ = 0;
    char* begin_ = nullptr;  ///< in `own_` or in memory that was lent
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace foldback::log
