#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace foldback::log {

/// The contents of a file of which little is not zero. A value.
class SparseBytes {
public:
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    void extend(std::uint64_t size) noexcept { size_ = std::max(size_, size); }

    void write(std::uint64_t offset, std::string_view data) {
        extend(offset + data.size());
        while (!data.empty()) {
            const auto part = data.substr(0, page_bytes - offset % page_bytes);
            page(offset / page_bytes).replace(offset % page_bytes, part.size(), part);
            offset += part.size();
            data.remove_prefix(part.size());
        }
    }

    [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> out) const {
        if (offset >= size_) return 0;
        out = out.first(std::min<std::uint64_t>(out.size(), size_ - offset));
        for (std::size_t done = 0; done < out.size();) {
            const std::uint64_t begin = (offset + done) % page_bytes;
            const auto count = std::min<std::uint64_t>(out.size() - done, page_bytes - begin);
            const auto found = pages_.find((offset + done) / page_bytes);
            if (found == pages_.end()) {
                std::memset(out.data() + done, 0, count);
            } else {
                std::memcpy(out.data() + done, found->second.data() + begin, count);
            }
            done += count;
        }
        return out.size();
    }

    void flip_bit(std::uint64_t bit) {
        char& byte = page(bit / 8 / page_bytes)[bit / 8 % page_bytes];
        byte = static_cast<char>(byte ^ (1 << (bit % 8)));
    }

private:
    static constexpr std::uint64_t page_bytes = 4096;

    std::string& page(std::uint64_t number) { return pages_.try_emplace(number, page_bytes, '\0').first->second; }

    std::uint64_t size_ = 0;
    std::map<std::uint64_t, std::string> pages_;
};

}  // namespace foldback::log
