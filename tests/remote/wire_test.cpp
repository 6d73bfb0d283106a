#include "remote/wire.hpp"

#include <doctest/doctest.h>

#include "foldback/core/json_reader.hpp"

using namespace foldback;
using namespace foldback::remote;

namespace {

template <class Page>
std::string read_back(const Page& page) {
    std::string text;
    for (const auto& message : page) text.append(message.data).append("|");
    return text;
}

constexpr std::string_view line =
    R"({"content_type":"application/json","incarnation":7,"start":"0000000000000007_0000000000000003",)"
    R"("next":"0000000000000007_0000000000000006","tail":"0000000000000007_0000000000000009","up_to_date":false,)"
    R"("closed":true,"more":[1],"runs":[{"offset":3,"position":815,"timestamp":1700000000000,"sizes":[1,3]},)"
    R"({"offset":5,"position":900,"timestamp":1700000000001,"sizes":[2]}]})";

}  // namespace

TEST_CASE("a page is read with the place of each message") {
    const auto page = read_page(std::string(line) + "\n1,[2]33");

    CHECK(read_back(page) == "1|[2]|33|");
    CHECK(page.framing == Framing::json);
    CHECK(page.start == StreamPoint{{7}, {3}});
    CHECK(page.tail.offset == Offset{9});
    CHECK(page.closed);
    auto message = page.begin();
    ++message;
    CHECK(message->offset == Offset{4});
    CHECK(message->position == Position{816});
    ++message;
    CHECK(message->position == Position{900});
    CHECK(message->committed_at.time_since_epoch().count() == 1'700'000'000'001);
}

TEST_CASE("a page that is not what its line says is refused") {
    for (const char* const rest : {"\n1,[2]3", "\n1,[2]333", "", "\n"}) {
        CAPTURE(rest);
        CHECK_THROWS_AS((void)read_page(std::string(line) + rest), StorageError);
    }
    CHECK_THROWS_AS((void)read_page("{]\n"), JsonError);
    CHECK_THROWS_AS((void)read_page(R"({"runs":[{"sizes":[]}]})"
                                    "\n"),
                    StorageError);
    CHECK_THROWS_AS((void)read_page(R"({"next":"7"})"
                                    "\n"),
                    StorageError);
    CHECK_THROWS_AS((void)read_feed_page(R"({"next":2,"messages":[{"stream":"s","size":2}]})"
                                         "\n1"),
                    StorageError);
    CHECK_THROWS_AS((void)read_appended(R"({"appended":[]})", 1), StorageError);
}

TEST_CASE("a refusal has the store's reason, and what it says beside") {
    client::Error error;
    error.status = 412;
    error.body =
        R"({"code":"offset-mismatch","detail":"elsewhere","refused":{"tail":"0000000000000002_0000000000000005","closed":true}})";

    const auto refused = refusal_in(error).value();

    CHECK(refused.reason == Refusal::offset_mismatch);
    CHECK(refused.detail == "elsewhere");
    CHECK(refused.tail == StreamPoint{{2}, {5}});
    CHECK(refused.closed);
    error.body = R"({"code":"forbidden"})";
    error.status = 403;
    CHECK_FALSE(refusal_in(error));
    error.body = "<html>";
    CHECK_FALSE(refusal_in(error));
}

TEST_CASE("an append is written with every condition that it has, and its messages as they are") {
    const std::vector<AppendRequest> requests{
        {.stream = "a \"b\"",
         .messages = Messages::json(R"([{"x": 1},2])").value(),
         .expected = Offset{3},
         .producer = Producer{"p", 1, 2},
         .stream_seq = "7",
         .close = true,
         .create_with = StreamConfig{.content_type = "application/json", .ttl = std::chrono::seconds(60)}},
        {.stream = "b", .messages = Messages::bytes("hello"), .expected_point = StreamPoint{{7}, {42}}}};

    CHECK(appends_text(requests) ==
          R"({"appends":[{"stream":"a \"b\"","expected":3,"producer":{"id":"p","epoch":1,"seq":2},"stream_seq":"7",)"
          R"("close":true,"create":{"content_type":"application/json","ttl_seconds":60},"messages":[{"x": 1},2]},)"
          R"({"stream":"b","expected_offset":"0000000000000007_0000000000000042","base64":"aGVsbG8="}]})");
    CHECK(time_text(Timestamp{std::chrono::milliseconds{1'700'000'000'123}}) == "2023-11-14T22:13:20.123Z");
}
