#include "cli/sse_reader.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace foldback::cli;

namespace {

std::vector<SseEvent> read_in_pieces(std::string_view text, std::size_t piece) {
    SseReader reader;
    std::vector<SseEvent> events;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        reader.feed(text.substr(at, piece), [&](SseEvent event) { events.push_back(std::move(event)); });
    }
    return events;
}

}  // namespace

TEST_CASE("events are the same however the bytes are cut") {
    constexpr std::string_view text =
        ": comment\nevent: data\ndata: [1,\r\ndata:2]\r\rid: 7\nretry: 5\nevent:control\r\ndata: {}\n\nevent: "
        "empty\n\ndata\n\n";

    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        CAPTURE(piece);
        const auto events = read_in_pieces(text, piece);
        REQUIRE(events.size() == 3);
        CHECK(events[0].name == "data");
        CHECK(events[0].data == "[1,\n2]");
        CHECK(events[1].name == "control");
        CHECK(events[1].data == "{}");
        CHECK(events[2].name == "message");
        CHECK(events[2].data.empty());
    }
}

TEST_CASE("an event that was not finished is none") { CHECK(read_in_pieces("event: data\ndata: x\n", 3).empty()); }

TEST_CASE("an event that never ends is refused") {
    SseReader reader(100);
    const std::string line = "data: 0123456789\n";
    const auto feed = [&] {
        for (int count = 0; count < 20; ++count) reader.feed(line, [](const SseEvent&) {});
    };
    CHECK_THROWS_AS(feed(), std::length_error);
}

TEST_CASE("base64 is read back as it was written") {
    for (const std::string bytes : {"", "a", "ab", "abc", "abcd", "\xFF\xFE\xFD\x00x"}) {
        CHECK(decode_base64(encode_base64(bytes)) == bytes);
    }
    CHECK(encode_base64("foobar") == "Zm9vYmFy");
    CHECK(encode_base64("fooba") == "Zm9vYmE=");
    CHECK(decode_base64("Zm9v\r\nYg==") == "foob");
}

TEST_CASE("what is not base64 is refused") {
    for (const auto* bad : {"a", "ab", "abc", "abc!", "a=bc", "====", "ab=c"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((void)decode_base64(bad), std::invalid_argument);
    }
}
