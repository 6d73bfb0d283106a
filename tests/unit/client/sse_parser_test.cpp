#include "client/sse_parser.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using foldback::client::detail::SseEvent;
using foldback::client::detail::SseParser;

namespace {

std::vector<SseEvent> events_of(std::string_view text, std::size_t piece) {
    SseParser parser(1000);
    std::vector<SseEvent> events;
    for (std::size_t at = 0; at < text.size(); at += piece) REQUIRE(parser.feed(text.substr(at, piece), events));
    return events;
}

}  // namespace

TEST_CASE("events are the same however the bytes are cut into pieces") {
    constexpr std::string_view text =
        "\xEF\xBB\xBF: hello\r\nevent: data\r\ndata: [\rdata: 1]\n\nid: 7\nretry: 5\nevent: control\ndata:  "
        "x\n\nevent: none\n\n"
        "data\n\ndata: unfinished";

    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        CAPTURE(piece);
        const auto events = events_of(text, piece);
        REQUIRE(events.size() == 3);
        CHECK(events[0].name == "data");
        CHECK(events[0].data == "[\n1]");
        CHECK(events[1].name == "control");
        CHECK(events[1].data == " x");
        CHECK(events[2].name == "message");
        CHECK(events[2].data.empty());
    }
}

TEST_CASE("lines end at CR and LF only") {
    const auto events = events_of("data: a\u0085b\u2028c\u2029d\n\n", 64);

    REQUIRE(events.size() == 1);
    CHECK(events[0].data == "a\u0085b\u2028c\u2029d");
}

TEST_CASE("an event larger than allowed is refused, in one line or many, before it is stored") {
    std::vector<SseEvent> events;

    SseParser in_one_line(10);
    CHECK_FALSE(in_one_line.feed("data: 0123456789", events));
    SseParser in_pieces(10);
    CHECK(in_pieces.feed("data: 01", events));
    CHECK_FALSE(in_pieces.feed("234", events));
    SseParser in_lines(10);
    CHECK(in_lines.feed("data: 01\n", events));
    CHECK_FALSE(in_lines.feed("data: 234\n", events));
    CHECK(events.empty());
}
