#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include "foldback/core/plain_text.hpp"

namespace foldback {

/// A JSON text is not what a type expects. `what()` says what, and where as a JSON pointer.
class JsonError : public std::runtime_error {
public:
    JsonError(const std::string& what, std::size_t at_byte) : std::runtime_error(what), byte(at_byte) {}

    std::size_t byte;  ///< where, from the start of the text
};

/// Reads one JSON text from front to back, without a tree: a caller asks for what it expects. Every member throws JsonError
/// when something else comes; the reader is of no use afterwards. What is skipped is checked for its brackets and strings
/// only. The text must outlive the reader and the views that it hands out.
class JsonReader {
public:
    static constexpr unsigned max_depth = 128;

    explicit JsonReader(std::string_view text)
        : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

    /// Reads another text.
    void start_over(std::string_view text) {
        begin_ = at_ = text.data();
        end_ = at_ + text.size();
        depth_ = 0;
    }

    /// Missing members of structs keep their defaults (instead of being an error).
    bool uses_defaults = false;

    /// The next character that is no blank, without moving past it; NUL at the end.
    [[nodiscard]] char peek() {
        while (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ') ++at_;
        return at_ == end_ ? '\0' : *at_;
    }
// At -O1 g++ 12 takes a text that is a part of a constant array for an array of one character.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overread"
#endif
    /// Moves past exactly this text, if it comes now. Blanks do not match.
    [[nodiscard]] bool take(std::string_view text) {
        if (static_cast<std::size_t>(end_ - at_) < text.size() || std::memcmp(at_, text.data(), text.size()) != 0)
            return false;
        at_ += text.size();
        return true;
    }
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
    /// Moves past this character, if it comes next.
    [[nodiscard]] bool take(char c) {
        if (at_ != end_ && *at_ == c) {
            ++at_;
            return true;
        }
        return take_after_blanks(c);
    }

    /// Enters an object: call next_member until it says false.
    void begin_object() { enter('{', "an object"); }
    /// Leaves an object whose closing brace was taken by hand.
    void end_object() { --depth_; }
    /// The key of the next member, whose value comes now; or false, after the object. `first` is true before the first.
    [[nodiscard]] bool next_member(bool& first, std::string_view& key);
    /// Enters an array: call next_element until it says false.
    void begin_array() { enter('[', "an array"); }
    /// Whether an element comes now; otherwise the array is behind.
    [[nodiscard]] bool next_element(bool& first);

    /// A string. The view is into the text, or, when the string has escapes, into the reader until the next string.
    [[nodiscard]] std::string_view string() {
        if (!take('"')) fail_expected("a string");
        const char* const start = at_;
        bool ascii = true;
        const char* const stop = detail::plain_text_end(start, end_, ascii);
        if (stop == end_ || *stop != '"') return string_with_escapes();
        at_ = stop + 1;
        const std::string_view text(start, static_cast<std::size_t>(stop - start));
        if (!ascii) check_utf8(text);
        return text;
    }

    template <std::integral Integer>
    [[nodiscard]] Integer integer() {
        bool negative = false;
        const std::uint64_t magnitude = digits(negative);
        if (negative) {
            if constexpr (std::signed_integral<Integer>) {
                constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<Integer>::max()) + 1;
                if (magnitude > most) fail_range();
                return static_cast<Integer>(-static_cast<std::int64_t>(magnitude - 1) - 1);
            } else {
                if (magnitude != 0) fail_range();
                return 0;
            }
        }
        if (magnitude > static_cast<std::uint64_t>(std::numeric_limits<Integer>::max())) fail_range();
        return static_cast<Integer>(magnitude);
    }
    [[nodiscard]] double number();
    [[nodiscard]] bool boolean();
    /// Moves past a null, if it comes next.
    [[nodiscard]] bool take_null() { return peek() == 'n' && take("null"); }
    /// A number, as it is written.
    [[nodiscard]] std::string_view number_text();

    /// Moves past a value of any kind and returns its text.
    std::string_view skip();

    /// Nothing but blanks is left.
    void expect_end();

    /// Throws the error, with the place where the reader stands.
    [[noreturn]] void fail(const std::string& problem) const;
    [[noreturn]] void fail_expected(const char* what) const;

private:
    /// An integer's digits, without sign.
    [[nodiscard]] std::uint64_t digits(bool& negative) {
        if (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ') (void)peek();
        const char* at = at_;
        negative = at != end_ && *at == '-';
        if (negative) ++at;
        const char* const start = at;
        std::uint64_t value = 0;
        // Nineteen digits always fit.
        for (; at != end_ && at - start < 19; ++at) {
            const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
            if (digit > 9) break;
            value = value * 10 + digit;
        }
        if (at == start || (*start == '0' && at - start > 1)) fail_expected("an integer");
        if (at != end_ && is_number_part(*at)) return long_digits(start, value, at);
        at_ = at;
        return value;
    }
    [[nodiscard]] static bool is_number_part(char c) {
        return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' || c == '+' || c == '-';
    }

    void enter(char bracket, const char* what) {
        if (!take(bracket)) fail_expected(what);
        if (++depth_ > max_depth) fail_depth();
    }

    [[nodiscard]] bool take_after_blanks(char c);
    [[nodiscard]] std::uint64_t long_digits(const char* start, std::uint64_t value, const char* at);
    [[nodiscard]] std::string_view string_with_escapes();
    void append_escape(std::string& text);
    [[nodiscard]] unsigned hex4();
    void check_utf8(std::string_view text) const;
    void skip_nested();
    [[noreturn]] void fail_range() const;
    [[noreturn]] void fail_depth() const;

    const char* begin_;
    const char* at_;
    const char* end_;
    unsigned depth_ = 0;
    std::string scratch_;
};

}  // namespace foldback
