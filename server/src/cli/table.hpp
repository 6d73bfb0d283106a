#pragma once

#include <string>
#include <vector>

namespace foldback::cli {

enum class Align : unsigned char { left, right };

/// Rows of text in columns, two blanks apart, no trailing blanks. Every row has as many cells as `alignment`.
class Table {
public:
    explicit Table(std::vector<Align> alignment) : alignment_(std::move(alignment)) {}

    void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
    [[nodiscard]] std::string text() const;

private:
    std::vector<Align> alignment_;
    std::vector<std::vector<std::string>> rows_;
};

/// How many columns a terminal needs for UTF-8 text: one per code point.
[[nodiscard]] std::size_t display_width(const std::string& text);

}  // namespace foldback::cli
