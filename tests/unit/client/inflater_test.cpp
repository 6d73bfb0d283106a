#include "client/inflater.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using foldback::client::detail::Inflater;

namespace {

/// A hundred letters a, packed by gzip.
const std::string packed(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\x4b\x4c\xa4\x3d\x00\x00\x64\x7a\x70\xaf\x64\x00\x00\x00", 24);

}  // namespace

TEST_CASE("what was packed is unpacked, however it is cut into pieces") {
    for (std::size_t piece = 1; piece <= packed.size(); ++piece) {
        Inflater inflater;
        std::string out;
        for (std::size_t at = 0; at < packed.size(); at += piece) {
            REQUIRE(inflater.add(std::string_view(packed).substr(at, piece), out, 100));
        }
        CHECK(inflater.is_done());
        CHECK(out == std::string(100, 'a'));
    }
}

TEST_CASE("more than allowed is not unpacked") {
    Inflater inflater;
    std::string out;

    CHECK_FALSE(inflater.add(packed, out, 99));
    CHECK(out.size() <= 99);
}

TEST_CASE("damaged and cut data are told from whole data") {
    std::string out;
    auto damaged = packed;
    damaged[17] = 'x';  // in the checksum
    CHECK_FALSE(Inflater().add(damaged, out, 1000));
    CHECK_FALSE(Inflater().add("plain text", out, 1000));
    Inflater cut;
    CHECK(cut.add(std::string_view(packed).substr(0, 20), out, 1000));
    CHECK_FALSE(cut.is_done());
    CHECK_FALSE(Inflater().add(packed + "x", out, 1000));
}
