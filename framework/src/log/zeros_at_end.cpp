#include "log/zeros_at_end.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include "log/bytes.hpp"

namespace foldback::log {

namespace {

constexpr std::uint64_t block_bytes = 64 << 10;
/// Less than this is read sooner than a thread begins.
constexpr std::uint64_t worth_a_thread_bytes = 1 << 20;

}  // namespace

ZerosAtEnd::ZerosAtEnd(const LogFile& file, std::uint64_t from) : begin_(file.size()) {
    if (!file.may_be_read_ahead() || begin_ < from + worth_a_thread_bytes) return;
    try {
        thread_ = std::thread([this, &file, from] { search(file, from); });
    } catch (const std::system_error&) {
        // No more threads: the owner reads it all.
    }
}

ZerosAtEnd::~ZerosAtEnd() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
}

void ZerosAtEnd::search(const LogFile& file, std::uint64_t from) noexcept try {
    std::array<char, block_bytes> block;
    for (auto end = begin_.load(); end > from && !stop_; end = begin_) {
        const auto size = std::min(block_bytes, end - from);
        const auto got = file.read_at(end - size, std::as_writable_bytes(std::span(block).first(size)));
        if (got < size || !is_zero(std::string_view(block.data(), size))) return;
        begin_.store(end - size, std::memory_order_release);
    }
} catch (const std::exception&) {
    // The owner comes to the same place.
}

}  // namespace foldback::log
