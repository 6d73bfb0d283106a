#include "codec/json_scanner.hpp"

#include <algorithm>

#include "foldback/core/plain_text.hpp"

namespace foldback {

namespace {

bool is_digit(char byte) noexcept { return byte >= '0' && byte <= '9'; }

bool is_hex_digit(char byte) noexcept {
    return is_digit(byte) || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
}

}  // namespace

bool JsonScanner::fail(const char* what) noexcept {
    what_ = what;
    return false;
}

std::string JsonScanner::problem() const {
    const auto byte = std::to_string(at_ - begin_);
    if (at_ == end_) return "the JSON text ends too early, at byte " + byte + ": " + what_;
    return std::string(what_) + " at byte " + byte;
}

bool JsonScanner::take_value() noexcept {
    depth_ = 0;
    for (;;) {
        bool ended = false;
        if (!begin_value(ended)) return false;
        if (!ended) continue;
        bool all_ended = false;
        if (!end_values(all_ended)) return false;
        if (all_ended) return true;
    }
}

/// Steps over a whole value (`ended`), or into a container as far as its first value.
bool JsonScanner::begin_value(bool& ended) noexcept {
    skip_blanks();
    if (at_ == end_) return fail("a value is expected");
    ended = true;
    switch (*at_) {
        case '"': ++at_; return take_string();
        case 't': return take_word("true");
        case 'f': return take_word("false");
        case 'n': return take_word("null");
        case '[':
            if (!open(Container::array)) return false;
            ended = at_ != end_ && *at_ == ']';
            return true;
        case '{':
            if (!open(Container::object)) return false;
            ended = at_ != end_ && *at_ == '}';
            return ended || take_key();
        default: return take_number();
    }
}

/// After a value (or at the bracket that ends an empty container): steps over closing brackets, and over the comma
/// (and key) that leads to the next value.
bool JsonScanner::end_values(bool& all_ended) noexcept {
    while (depth_ != 0) {
        skip_blanks();
        const auto container = innermost();
        if (take(',')) return container == Container::array || take_key();
        if (!take(container == Container::array ? ']' : '}')) {
            return fail(container == Container::array ? "',' or ']' is expected" : "',' or '}' is expected");
        }
        --depth_;
    }
    all_ended = true;
    return true;
}

bool JsonScanner::open(Container container) noexcept {
    if (depth_ == std::min(max_depth_, max_supported_depth)) return fail("the value is nested too deeply");
    const auto bit = std::uint64_t{1} << (depth_ % 64);
    auto& word = objects_[depth_ / 64];
    word = container == Container::object ? word | bit : word & ~bit;
    ++depth_;
    ++at_;
    skip_blanks();
    return true;
}

JsonScanner::Container JsonScanner::innermost() const noexcept {
    const auto index = depth_ - 1;
    return ((objects_[index / 64] >> (index % 64)) & 1) != 0 ? Container::object : Container::array;
}

bool JsonScanner::take_key() noexcept {
    skip_blanks();
    if (!take('"')) return fail("a name in quotes is expected");
    if (!take_string()) return false;
    skip_blanks();
    return take(':') || fail("':' is expected");
}

bool JsonScanner::take_string() noexcept {
    bool is_ascii = true;
    for (;;) {
        at_ = detail::plain_text_end(at_, end_, is_ascii);
        if (at_ == end_) return fail("the string is not closed");
        if (*at_ == '"') {
            ++at_;
            return true;
        }
        if (*at_ != '\\') return fail("a control character must be escaped");
        if (!take_escape()) return false;
    }
}

/// Lone surrogates pass: the text is kept as it came, never decoded.
bool JsonScanner::take_escape() noexcept {
    ++at_;
    if (at_ == end_) return fail("the string is not closed");
    const auto kind = *at_;
    if (kind != 'u') {
        if (std::string_view("\"\\/bfnrt").find(kind) == std::string_view::npos) return fail("there is no such escape");
        ++at_;
        return true;
    }
    ++at_;
    for (int digit = 0; digit != 4; ++digit, ++at_) {
        if (at_ == end_ || !is_hex_digit(*at_)) return fail("four hexadecimal digits are expected");
    }
    return true;
}

bool JsonScanner::take_number() noexcept {
    const bool negative = take('-');
    if (at_ == end_ || !is_digit(*at_)) return fail(negative ? "a digit is expected" : "a value is expected");
    if (*at_ == '0') {
        ++at_;
    } else if (!take_digits()) {
        return false;
    }
    if (take('.') && !take_digits()) return false;
    if (take('e') || take('E')) {
        if (!take('+')) static_cast<void>(take('-'));
        return take_digits();
    }
    return true;
}

bool JsonScanner::take_digits() noexcept {
    if (at_ == end_ || !is_digit(*at_)) return fail("a digit is expected");
    while (at_ != end_ && is_digit(*at_)) ++at_;
    return true;
}

bool JsonScanner::take_word(std::string_view word) noexcept {
    const auto left = std::string_view(at_, static_cast<std::size_t>(end_ - at_));
    if (!left.starts_with(word)) return fail("a value is expected");
    at_ += word.size();
    return true;
}

}  // namespace foldback
