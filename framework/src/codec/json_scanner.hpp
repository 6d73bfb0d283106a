#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace foldback {

/// Walks over JSON text, value by value. Expects valid UTF-8; checks everything else that RFC 8259 asks for.
class JsonScanner {
public:
    static constexpr std::size_t max_supported_depth = 16'384;

    JsonScanner(std::string_view text, std::size_t max_depth) noexcept
        : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), max_depth_(max_depth) {}

    void skip_blanks() noexcept {
        while (at_ != end_ && is_blank(*at_)) ++at_;
    }
    /// Whether everything has been read.
    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }
    /// Steps over `byte` if it comes next.
    [[nodiscard]] bool take(char byte) noexcept {
        if (at_ == end_ || *at_ != byte) return false;
        ++at_;
        return true;
    }
    /// Steps over one value, which must begin here. False: `problem()` says why.
    [[nodiscard]] bool take_value() noexcept;

    [[nodiscard]] const char* at() const noexcept { return at_; }
    /// Notes what is wrong at the current byte; always false.
    bool fail(const char* what) noexcept;
    /// What `fail` was told last; null before.
    [[nodiscard]] const char* what() const noexcept { return what_; }
    [[nodiscard]] std::string problem() const;

private:
    enum class Container : std::uint8_t { array, object };

    [[nodiscard]] static bool is_blank(char byte) noexcept {
        return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
    }
    [[nodiscard]] bool begin_value(bool& ended) noexcept;
    [[nodiscard]] bool end_values(bool& all_ended) noexcept;
    [[nodiscard]] bool open(Container container) noexcept;
    [[nodiscard]] Container innermost() const noexcept;
    [[nodiscard]] bool take_key() noexcept;
    [[nodiscard]] bool take_string() noexcept;
    [[nodiscard]] bool take_escape() noexcept;
    [[nodiscard]] bool take_number() noexcept;
    [[nodiscard]] bool take_digits() noexcept;
    [[nodiscard]] bool take_word(std::string_view word) noexcept;

    const char* begin_;
    const char* at_;
    const char* end_;
    std::size_t max_depth_;
    std::size_t depth_ = 0;
    const char* what_ = nullptr;
    std::array<std::uint64_t, max_supported_depth / 64> objects_;  ///< one bit per open container; set: an object
};

}  // namespace foldback
