#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/failure.hpp"

namespace foldback::cli {

enum class ColorChoice : std::uint8_t { automatic, always, never };

struct OutputOptions {
    int data_fd = 1;
    int notes_fd = 2;
    bool json = false;   ///< documents for programs instead of text for people
    bool quiet = false;  ///< no notes; errors are still said
    ColorChoice color = ColorChoice::automatic;
};

/// Where a command speaks: data to standard output, everything else to standard error. Data is buffered; whoever
/// leaves normally calls `flush`. Throws OutputClosed when the reader of the data is gone.
class Output {
public:
    explicit Output(OutputOptions options);
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    [[nodiscard]] bool json() const noexcept { return options_.json; }
    [[nodiscard]] bool quiet() const noexcept { return options_.quiet; }
    [[nodiscard]] bool notes_are_terminal() const noexcept { return notes_terminal_; }
    [[nodiscard]] bool data_is_terminal() const noexcept { return data_terminal_; }
    [[nodiscard]] bool notes_in_color() const noexcept { return notes_color_; }

    void data(std::string_view bytes);
    /// `text` and a line feed.
    void line(std::string_view text);
    void flush();

    /// A line for people; nothing when quiet.
    void note(std::string_view text);
    /// Text for standard error as it is, such as a progress bar.
    void raw_note(std::string_view text);
    /// `foldback: …`, then the remedy; a JSON document when `json`.
    void failure(const Failure& failure);

private:
    OutputOptions options_;
    bool data_terminal_;
    bool notes_terminal_;
    bool notes_color_;
    std::string buffer_;
};

/// A JSON string literal with quotes; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

}  // namespace foldback::cli
