#include "remote/own_append.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace foldback;
using namespace foldback::remote;

namespace {

Messages json(std::string_view body) { return Messages::json(body).value(); }

constexpr const char* with_id = R"({"type":"Noted","id":"7f3c","data":{}})";

}  // namespace

TEST_CASE("an event names itself by its type and id") {
    CHECK(event_id_in(with_id) == "7f3c");
    CHECK(event_id_in(R"({"data":{"id":1},"id":"x","type":"T"})") == "x");
    for (const char* const other : {R"({"type":"Noted","data":{"id":"7f3c"}})", R"({"type":"Noted","id":"","data":{}})",
                                    R"({"type":"Noted","id":7})", R"({"id":"7f3c"})", "[1]", "1", "{"}) {
        CAPTURE(other);
        CHECK(event_id_in(other).empty());
    }
}

TEST_CASE("where JSON may be written otherwise, events are the same by their ids") {
    const std::string spaced = R"({"id": "7f3c", "type": "Noted", "data": {}})";

    CHECK(recognise_events(json(with_id), json(spaced)) == Found::own);
    CHECK(recognise_events(json(with_id), json(R"({"type":"Noted","id":"8a00","data":{}})")) == Found::others);
    CHECK(recognise_events(json(with_id), json("1")) == Found::others);
    CHECK(recognise_events(json(with_id), Messages()) == Found::others);
    CHECK(recognise_events(json("1"), json("1.0")) == Found::alike);
    CHECK(recognise_events(json("[1," + spaced + "]"), json("[2," + spaced + "]")) == Found::own);
}

TEST_CASE("what lies at a place is another's unless it is the same to the byte, and one's own if it names an event") {
    CHECK(recognise(json(with_id), with_id) == Found::own);
    CHECK(recognise(json("1"), "1") == Found::alike);
    CHECK(recognise(json("1"), "2") == Found::others);
    CHECK(recognise(json("[1,2]"), "1") == Found::others);
    CHECK(recognise(json("1"), "") == Found::others);
    CHECK(recognise(Messages::bytes(with_id), with_id) == Found::alike);
    CHECK(recognise(json(std::string("[1,") + with_id + "]"), std::string("1,") + with_id) == Found::own);
}

TEST_CASE("of all parts of a write one that was not made decides") {
    using Parts = std::vector<Found>;
    CHECK(together(Parts{Found::own, Found::others, Found::nothing}) == Found::others);
    CHECK(together(Parts{Found::own, Found::nothing}) == Found::nothing);
    CHECK(together(Parts{Found::alike, Found::own}) == Found::own);
    CHECK(together(Parts{Found::alike, Found::alike}) == Found::alike);
    CHECK(together(Parts{}) == Found::nothing);
}

TEST_CASE("a write may be sent again when a stream's offset or a producer's number lets it be made once at most") {
    const auto once = [](std::vector<AppendRequest> requests) { return is_made_once_at_most(requests); };

    CHECK(once({{.stream = "a", .messages = json("1"), .expected = Offset{3}}}));
    CHECK(
        once({{.stream = "a", .messages = json("1")}, {.stream = "b", .messages = json("1"), .expected = Offset{3}}}));
    CHECK(once({{.stream = "a", .messages = json("1"), .producer = Producer{"p", 0, 0}}}));
    CHECK(once({{.stream = "a", .close = true}, {.stream = "b", .expected = Offset{1}}}));
    CHECK_FALSE(once({{.stream = "a", .messages = json("1")}}));
    CHECK_FALSE(once({{.stream = "a", .messages = json("1"), .stream_seq = "7"}}));
    CHECK_FALSE(once({{.stream = "a", .messages = json("1"), .producer = Producer{"p", 0, 0}},
                      {.stream = "b", .messages = json("1")}}));
}
