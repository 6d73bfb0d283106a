#include "client/base64.hpp"

#include <doctest/doctest.h>

using foldback::client::detail::decode_base64;

TEST_CASE("base64 becomes bytes, also across line breaks") {
    CHECK(decode_base64("") == "");
    CHECK(decode_base64("/f7/AA==") == std::string("\xFD\xFE\xFF\0", 4));
    CHECK(decode_base64("AQID\nBAUG\r\n") == "\x01\x02\x03\x04\x05\x06");
    CHECK(decode_base64("YWI=") == "ab");
}

TEST_CASE("what is no base64 is refused") {
    for (const char* text : {"A", "AAA", "====", "A===", "AA=A", "AB==", "YWJ=", "YW I=", "YW-_", "YWI=YWI="}) {
        CAPTURE(text);
        CHECK_FALSE(decode_base64(text));
    }
}
