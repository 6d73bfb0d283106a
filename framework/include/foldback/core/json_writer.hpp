#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace foldback {

/// Writes JSON text at the end of a string. Commas are its caller's: `value`s are written as they come.
///
/// What has no JSON (a number that is not finite, a text that is not UTF-8) throws std::invalid_argument; the string then
/// ends with an unfinished value.
class JsonWriter {
public:
    /// `out` must outlive the writer.
    explicit JsonWriter(std::string& out) : out_(&out) {}

    /// Text that is JSON already, or punctuation.
    void raw(std::string_view text) { out_->append(text); }
    void raw(char c) { out_->push_back(c); }

    void string(std::string_view text);
    void boolean(bool value) { raw(value ? std::string_view("true") : std::string_view("false")); }
    void null() { raw("null"); }
    void number(std::int64_t value);
    void number(std::uint64_t value);
    /// The shortest text that reads back as the same double.
    void number(double value);
    void number(float value);

    /// Removes the last character: the comma after a last member.
    void drop_last() { out_->pop_back(); }
    [[nodiscard]] char last() const noexcept { return out_->empty() ? '\0' : out_->back(); }

private:
    std::string* out_;
};

}  // namespace foldback
