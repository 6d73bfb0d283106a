#include "log/crc32c.hpp"

#include <string>

#include <doctest/doctest.h>

using foldback::log::crc32c;
using foldback::log::crc32c_of;

TEST_CASE("the checksum is CRC32C as everybody computes it") {
    CHECK(crc32c("123456789") == 0xE3069283);
    CHECK(crc32c("") == 0);
    CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
}

TEST_CASE("a checksum can be continued over the bytes that follow") {
    CHECK(crc32c("6789", crc32c("12345")) == crc32c("123456789"));
}

TEST_CASE("the checksum of a number is that of its bytes from the lowest to the highest") {
    CHECK(crc32c_of(0x34333231) == crc32c("1234"));
    CHECK(crc32c_of(0) == crc32c(std::string(4, '\0')));
    CHECK(crc32c_of(0xFFFFFFFF) == crc32c(std::string(4, '\xFF')));
}
