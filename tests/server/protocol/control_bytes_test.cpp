#include "protocol/control_bytes.hpp"

#include <doctest/doctest.h>

#include <string>

using foldback::server::protocol::has_control_byte;

TEST_CASE("a control byte is found wherever it stands, and nothing else is taken for one") {
    for (std::size_t size = 0; size <= 24; ++size) {
        for (const char filler : {' ', 'x', '~', '\x80', '\xFF'}) {
            std::string text(size, filler);
            CAPTURE(size);
            CHECK_FALSE(has_control_byte(text));
            for (std::size_t place = 0; place < size; ++place) {
                for (unsigned byte = 0; byte < 256; ++byte) {
                    text[place] = static_cast<char>(byte);
                    const bool is_control = byte < 0x20 || byte == 0x7F;
                    if (has_control_byte(text) != is_control) {
                        CAPTURE(place);
                        CAPTURE(byte);
                        FAIL("the byte is taken for what it is not");
                    }
                }
                text[place] = filler;
            }
        }
    }
}
