#include "cli/units.hpp"

#include <doctest/doctest.h>

using namespace foldback::cli;
using namespace std::chrono_literals;

TEST_CASE("one is singular") {
    CHECK(format_counted(1, "event") == "1 event");
    CHECK(format_counted(0, "event") == "0 events");
    CHECK(format_counted(12'408, "event") == "12,408 events");
}

TEST_CASE("bytes are written with the unit that suits them") {
    CHECK(format_bytes(0) == "0 B");
    CHECK(format_bytes(1023) == "1023 B");
    CHECK(format_bytes(1536) == "1.5 KiB");
    CHECK(format_bytes(64 << 20) == "64.0 MiB");
    CHECK(format_bytes(128 << 20) == "128 MiB");
    CHECK(format_bytes(3ULL << 30) == "3.0 GiB");
}

TEST_CASE("counts are written in groups of three") {
    CHECK(format_count(0) == "0");
    CHECK(format_count(999) == "999");
    CHECK(format_count(1000) == "1,000");
    CHECK(format_count(311'042) == "311,042");
    CHECK(format_count(1'234'567) == "1,234,567");
}

TEST_CASE("durations are written as people say them") {
    CHECK(format_duration(400ms) == "0.4 s");
    CHECK(format_duration(12s) == "12 s");
    CHECK(format_duration(184s) == "3 min 04 s");
    CHECK(format_duration(2h + 5min) == "2 h 05 min");
}

TEST_CASE("a number of bytes may have a unit") {
    CHECK(parse_bytes("8388608") == 8 << 20);
    CHECK(parse_bytes("8MiB") == 8 << 20);
    CHECK(parse_bytes("8M") == 8 << 20);
    CHECK(parse_bytes("1KiB") == 1024);
    CHECK(parse_bytes("2G") == 2ULL << 30);
    for (const auto* bad : {"", "MiB", "-1", "+1", " 1", "1 MiB", "1MB", "1.5MiB", "0x10", "18446744073709551616",
                            "18014398509481984K"}) {
        CAPTURE(bad);
        CHECK_FALSE(parse_bytes(bad));
    }
}

TEST_CASE("what is written as a setting is read back") {
    for (const std::uint64_t bytes : {0ULL, 1ULL, 1023ULL, 1024ULL, 65'536ULL, 8ULL << 20, 3ULL << 30, ~0ULL}) {
        CHECK(parse_bytes(bytes_setting(bytes)) == bytes);
    }
    CHECK(bytes_setting(8 << 20) == "8MiB");
}

TEST_CASE("a stranger's text moves no cursor") {
    CHECK(printable("a\x1b[2Jb\r\n\x7f") == "a?[2Jb???");
    CHECK(printable("caf\xC3\xA9 \xC2\x9B"
                    "1m") == "caf\xC3\xA9 ?1m");
    CHECK(printable("\xE2\x80\xAEgnp.exe \xE2\x81\xA6\xE2\x80\x8F\xD8\x9C") == "?gnp.exe ???");
    CHECK(printable("\xE2\x80\xA6 \xE2\x82\xAC \xD8\xA7 \xC2\xB7 \xE2\x80") ==
          "\xE2\x80\xA6 \xE2\x82\xAC \xD8\xA7 \xC2\xB7 \xE2\x80");
}
