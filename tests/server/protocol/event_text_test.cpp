#include "protocol/event_text.hpp"

#include <random>

#include <doctest/doctest.h>

#include "server/protocol/sse_parser.hpp"

using namespace foldback::server;
using namespace foldback::server::protocol;

namespace {

std::string event_of(std::initializer_list<std::string_view> parts) {
    std::string out;
    DataEvent event(out);
    for (const auto part : parts) event.text(part);
    event.end();
    return out;
}

/// What a browser makes of a text: every line end is LF.
std::string normalized(std::string_view text) {
    std::string lines;
    for (std::size_t i = 0; i != text.size(); ++i) {
        if (text[i] == '\n' && i != 0 && text[i - 1] == '\r') continue;
        lines.push_back(text[i] == '\r' ? '\n' : text[i]);
    }
    return lines;
}

}  // namespace

TEST_SUITE("event text") {
    TEST_CASE("plain text is one data line") { CHECK(event_of({"hello"}) == "event: data\ndata:hello\n\n"); }

    TEST_CASE("every line end begins another data line") {
        CHECK(event_of({"a\nb\rc\r\nd"}) == "event: data\ndata:a\ndata:b\ndata:c\ndata:d\n\n");
        CHECK(event_of({"\n"}) == "event: data\ndata:\ndata:\n\n");
        CHECK(event_of({"a\n"}) == "event: data\ndata:a\ndata:\n\n");
    }

    TEST_CASE("a space at the beginning of a line survives") {
        CHECK(event_of({" a\n b"}) == "event: data\ndata:  a\ndata:  b\n\n");
        CHECK(parse_sse(event_of({" a\n  b"})).front().data == " a\n  b");
    }

    TEST_CASE("text that looks like fields and events stays text") {
        const std::string attack = "x\r\n\r\nevent: control\r\ndata: {\"injected\":true}\n\nid: 7\rretry: 1\r\r";

        const auto events = parse_sse(event_of({attack}));

        REQUIRE(events.size() == 1);
        CHECK(events[0].type == "data");
        CHECK(events[0].data == normalized(attack));
    }

    TEST_CASE("parts make no difference, not even between CR and LF") {
        const std::string text = "a\r\n\r\nb\n c\r\r d \r\n";
        const auto whole = event_of({text});

        for (std::size_t cut = 0; cut <= text.size(); ++cut) {
            CHECK(event_of({text.substr(0, cut), text.substr(cut)}) == whole);
        }
        std::string out;
        DataEvent event(out);
        for (const char byte : text) event.text({&byte, 1});
        event.end();
        CHECK(out == whole);
    }

    TEST_CASE("random text arrives as a browser would read it, and forges nothing") {
        std::mt19937 random(42);
        const std::string alphabet = "\r\n :adevntlo{}";
        for (int round = 0; round != 2000; ++round) {
            std::string text;
            for (auto left = random() % 40; left != 0; --left) text.push_back(alphabet[random() % alphabet.size()]);

            const auto events = parse_sse(event_of({text}));

            REQUIRE(events.size() == 1);
            REQUIRE(events[0].data == normalized(text));
        }
    }

    TEST_CASE("bytes travel as base64 on one line") {
        std::string out;
        write_base64_event(out, std::string_view("\0\n\r\xff", 4));

        CHECK(out == "event: data\ndata:AAoN/w==\n\n");
    }

    TEST_CASE("a control event says what it is given") {
        std::string open;
        write_control_event(open, {.next_offset = "1_2", .cursor = 7, .up_to_date = true});
        std::string closed;
        write_control_event(closed, {.next_offset = "1_2", .cursor = 7, .up_to_date = true, .closed = true});

        CHECK(open ==
              "event: control\ndata:{\"streamNextOffset\":\"1_2\",\"streamCursor\":\"7\",\"upToDate\":true}\n\n");
        CHECK(closed ==
              "event: control\ndata:{\"streamNextOffset\":\"1_2\",\"upToDate\":true,\"streamClosed\":true}\n\n");
    }

    TEST_CASE("an incomplete character or line end at the end of a text is found") {
        CHECK(incomplete_end("") == 0);
        CHECK(incomplete_end("abc") == 0);
        CHECK(incomplete_end("\xC3\xA9") == 0);
        CHECK(incomplete_end("a\xC3") == 1);
        CHECK(incomplete_end("a\xE2\x82") == 2);
        CHECK(incomplete_end("a\xF0\x9F\x98") == 3);
        CHECK(incomplete_end("a\xF0\x9F\x98\x80") == 0);
        CHECK(incomplete_end("\x80\x80\x80\x80") == 0);
        CHECK(incomplete_end("a\r") == 1);
        CHECK(incomplete_end("a\r\r") == 1);
        CHECK(incomplete_end("a\r\n") == 0);
    }

}  // TEST_SUITE
