#include "foldback/core/json_reader.hpp"

#include <algorithm>
#include <charconv>

#include <simdjson.h>

#include "codec/json_pointer.hpp"

namespace foldback {

bool JsonReader::next_member(bool& first, std::string_view& key) {
    if (take('}')) {
        --depth_;
        return false;
    }
    if (!first && !take(',')) fail_expected("a comma or the end of the object");
    first = false;
    if (peek() != '"') fail_expected("a member's name");
    key = string();
    if (!take(':')) fail_expected("a colon");
    return true;
}

bool JsonReader::next_element(bool& first) {
    if (take(']')) {
        --depth_;
        return false;
    }
    if (!first && !take(',')) fail_expected("a comma or the end of the array");
    first = false;
    return true;
}

bool JsonReader::take_after_blanks(char c) {
    if (peek() != c || at_ == end_) return false;
    ++at_;
    return true;
}

std::uint64_t JsonReader::long_digits(const char* start, std::uint64_t value, const char* at) {
    for (; at != end_ && *at >= '0' && *at <= '9'; ++at) {
        if (__builtin_mul_overflow(value, std::uint64_t{10}, &value) ||
            __builtin_add_overflow(value, static_cast<std::uint64_t>(*at - '0'), &value)) {
            fail_range();
        }
    }
    if (at != end_ && is_number_part(*at)) fail_expected("an integer");
    if (*start == '0') fail_expected("an integer");
    at_ = at;
    return value;
}

std::string_view JsonReader::number_text() {
    (void)peek();
    const char* const start = at_;
    const char* at = at_;
    const auto some_digits = [&] {
        const char* const first = at;
        while (at != end_ && *at >= '0' && *at <= '9') ++at;
        return at != first;
    };
    const auto is = [&](char c) { return at != end_ && *at == c; };
    if (is('-')) ++at;
    if (is('0')) {
        ++at;
    } else if (!some_digits()) {
        fail_expected("a number");
    }
    if (is('.')) {
        ++at;
        if (!some_digits()) fail_expected("a number");
    }
    if (is('e') || is('E')) {
        ++at;
        if (is('+') || is('-')) ++at;
        if (!some_digits()) fail_expected("a number");
    }
    if (at != end_ && is_number_part(*at)) fail_expected("a number");
    at_ = at;
    return {start, static_cast<std::size_t>(at - start)};
}

double JsonReader::number() {
    const auto text = number_text();
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc{}) {
        at_ = text.data();
        fail_range();
    }
    return value;
}

bool JsonReader::boolean() {
    (void)peek();
    if (take(std::string_view("true"))) return true;
    if (take(std::string_view("false"))) return false;
    fail_expected("true or false");
}

std::string_view JsonReader::string_with_escapes() {
    scratch_.clear();
    while (true) {
        bool ascii = true;
        const char* const stop = detail::plain_text_end(at_, end_, ascii);
        scratch_.append(at_, stop);
        at_ = stop;
        if (at_ == end_) fail("the string does not end");
        if (*at_ == '"') break;
        if (*at_ != '\\') fail("a control character in a string");
        append_escape(scratch_);
    }
    ++at_;
    check_utf8(scratch_);
    return scratch_;
}

unsigned JsonReader::hex4() {
    unsigned value = 0;
    if (end_ - at_ < 4) fail("an escape that is cut off");
    const auto [stop, error] = std::from_chars(at_, at_ + 4, value, 16);
    if (error != std::errc{} || stop != at_ + 4 || *at_ == '-') fail("an escape that is none");
    at_ += 4;
    return value;
}

void JsonReader::append_escape(std::string& text) {
    constexpr std::string_view names = "\"\\/bfnrt";
    constexpr std::string_view values = "\"\\/\b\f\n\r\t";
    ++at_;
    if (at_ == end_) fail("the string does not end");
    const char name = *at_++;
    if (const auto place = names.find(name); place != std::string_view::npos) {
        text += values[place];
        return;
    }
    if (name != 'u') fail("an escape that is none");
    unsigned code = hex4();
    if (code >= 0xD800 && code < 0xDC00 && take(std::string_view("\\u"))) {
        const unsigned low = hex4();
        if (low < 0xDC00 || low > 0xDFFF) fail("half a surrogate pair");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code >= 0xD800 && code <= 0xDFFF) fail("half a surrogate pair");
    const auto byte = [&](unsigned value) { text += static_cast<char>(value); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xC0 | (code >> 6));
        byte(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        byte(0xE0 | (code >> 12));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    } else {
        byte(0xF0 | (code >> 18));
        byte(0x80 | ((code >> 12) & 0x3F));
        byte(0x80 | ((code >> 6) & 0x3F));
        byte(0x80 | (code & 0x3F));
    }
}

void JsonReader::check_utf8(std::string_view text) const {
    if (!simdjson::validate_utf8(text.data(), text.size())) fail("a string that is not UTF-8");
}

std::string_view JsonReader::skip() {
    const char c = peek();
    const char* const start = at_;
    if (c == '{' || c == '[') {
        skip_nested();
    } else if (c == '"') {
        (void)string();
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        (void)number_text();
    } else if (!take(std::string_view("true")) && !take(std::string_view("false")) && !take(std::string_view("null"))) {
        fail_expected("a value");
    }
    return {start, static_cast<std::size_t>(at_ - start)};
}

void JsonReader::skip_nested() {
    std::string open;  // the brackets that are open; short ones need no memory
    do {
        while (at_ != end_ && *at_ != '"' && *at_ != '{' && *at_ != '[' && *at_ != '}' && *at_ != ']') ++at_;
        if (at_ == end_) fail("the text ends within a value");
        const char c = *at_;
        if (c == '"') {
            (void)string();
            continue;
        }
        if (c == '{' || c == '[') {
            open += c;
            if (depth_ + open.size() > max_depth) fail_depth();
        } else {
            if (open.back() != (c == '}' ? '{' : '[')) fail("brackets that do not match");
            open.pop_back();
        }
        ++at_;
    } while (!open.empty());
}

void JsonReader::expect_end() {
    if (peek() != '\0' || at_ != end_) fail_expected("the end");
}

void JsonReader::fail(const std::string& problem) const {
    const auto byte = static_cast<std::size_t>(at_ - begin_);
    const auto pointer = codec::pointer_to({begin_, static_cast<std::size_t>(end_ - begin_)}, byte);
    throw JsonError((pointer.empty() ? std::string() : pointer + ": ") + problem, byte);
}

void JsonReader::fail_expected(const char* what) const {
    const std::string_view rest(at_, std::min<std::size_t>(static_cast<std::size_t>(end_ - at_), 24));
    fail("expected " + std::string(what) + ", found " + (rest.empty() ? "the end" : "`" + std::string(rest) + "`"));
}

void JsonReader::fail_range() const { fail("a number out of range"); }
void JsonReader::fail_depth() const { fail("nested deeper than " + std::to_string(max_depth)); }

}  // namespace foldback
