#include "log/crc32c.hpp"

#include <string>

#include <doctest/doctest.h>

using foldback::log::crc32c;

TEST_CASE("the checksum is CRC32C as everybody computes it") {
    CHECK(crc32c("123456789") == 0xE3069283);
    CHECK(crc32c("") == 0);
    CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);
}

TEST_CASE("a checksum can be continued over the bytes that follow") {
    CHECK(crc32c("6789", crc32c("12345")) == crc32c("123456789"));
}
