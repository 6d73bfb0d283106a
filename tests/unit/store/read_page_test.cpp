#include "foldback/store/read_page.hpp"

#include <doctest/doctest.h>

#include "foldback/store/errors.hpp"

using namespace foldback;

namespace {

Run json_run(std::uint64_t first, std::uint32_t count, std::string_view data, std::string_view sizes) {
    return {.first = Offset{first},
            .first_position = Position{first + 100},
            .committed_at = Timestamp{},
            .count = count,
            .data = data,
            .sizes = sizes};
}

std::string listed(const ReadPage& page) {
    std::string text;
    for (const auto& message : page) {
        text += std::to_string(message.offset.value) + '@' + std::to_string(message.position.value) + '=';
        text.append(message.data).push_back(' ');
    }
    return text;
}

}  // namespace

TEST_SUITE("read page") {
    TEST_CASE("messages of json runs are walked one by one") {
        ReadPage page;
        page.framing = Framing::json;
        page.runs = {json_run(5, 3, R"(1,"two",[3])", "\x01\x05\x03"), json_run(9, 1, "{}", "\x02")};

        CHECK(listed(page) == R"(5@105=1 6@106="two" 7@107=[3] 9@109={} )");
        CHECK(page.payload_bytes() == 13);
    }

    TEST_CASE("sizes above 127 take several bytes") {
        const std::string big(300, '1');
        const auto data = big + ",2";
        ReadPage page;
        page.framing = Framing::json;
        page.runs = {json_run(0, 2, data, "\xAC\x02\x01")};

        CHECK(listed(page) == "0@100=" + big + " 1@101=2 ");
    }

    TEST_CASE("a run of bytes is one message") {
        ReadPage page;
        page.runs = {{.first = Offset{3},
                      .first_position = Position{1},
                      .committed_at = Timestamp{},
                      .count = 1,
                      .data = "a,b",
                      .sizes = {}}};

        CHECK(listed(page) == "3@1=a,b ");
    }

    TEST_CASE("an empty page and empty runs have no messages") {
        ReadPage page;
        page.framing = Framing::json;
        CHECK(page.begin() == page.end());
        page.runs = {json_run(0, 0, "", ""), json_run(0, 1, "7", "\x01"), json_run(1, 0, "", "")};

        CHECK(listed(page) == "0@100=7 ");
    }

    TEST_CASE("damaged sizes are an error, never a read beyond the data") {
        for (const auto& run :
             {json_run(0, 1, "1", "\x02"), json_run(0, 2, "1,2", "\x01"), json_run(0, 2, "1", "\x01\x01"),
              json_run(0, 1, "1", "\xFF\xFF\xFF\xFF\xFF\x01"), json_run(0, 1, "1", "\x81"), json_run(0, 1, "1", "")}) {
            ReadPage page;
            page.framing = Framing::json;
            page.runs = {run};
            CHECK_THROWS_AS(static_cast<void>(listed(page)), StorageError);
        }
    }

}  // TEST_SUITE

TEST_SUITE("errors") {
    TEST_CASE("asking a refusal for its value throws what was refused") {
        const Result<Offset> refused = Refused{.reason = Refusal::closed, .detail = "the stream is closed"};

        try {
            static_cast<void>(refused.value());
            FAIL("no exception");
        } catch (const RefusedError& error) {
            CHECK(error.refused.reason == Refusal::closed);
            CHECK(std::string(error.what()) == "closed: the stream is closed");
        }
    }

}  // TEST_SUITE
