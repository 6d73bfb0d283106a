#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace foldback::cli {

/// A file or standard input, read as it comes. Throws Failure (not_found, no) and Interrupted.
class Input {
public:
    /// Standard input is "-".
    explicit Input(const std::string& path);
    ~Input();
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;

    [[nodiscard]] bool is_terminal() const;
    /// The size of a regular file, else 0.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

    /// Up to `limit` bytes; fewer only at the end.
    [[nodiscard]] std::string read(std::size_t limit);
    /// The next line without its line feed; absent at the end. Throws Failure (usage) when a line exceeds `limit`.
    [[nodiscard]] std::optional<std::string> read_line(std::size_t limit);
    /// Whether `read_line` would have to wait now.
    [[nodiscard]] bool would_wait() const;

private:
    /// Reads some more into the buffer; false at the end.
    bool fill();

    std::string name_;
    int fd_;
    std::uint64_t size_ = 0;
    std::uint64_t bytes_read_ = 0;
    std::string buffer_;
    std::size_t taken_ = 0;
    bool ended_ = false;
};

}  // namespace foldback::cli
