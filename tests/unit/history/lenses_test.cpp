#include "foldback/history/lens.hpp"

#include <doctest/doctest.h>

#include "foldback/history/any_timeline.hpp"
#include "unit/history/order.hpp"

using namespace foldback;
using history_test::append;

namespace {

struct Seen {
    std::string state;
    std::size_t unreadable;
};

Seen through(const Lens& lens, const std::vector<std::string>& messages) {
    const auto store = LogStore::in_memory();
    for (const auto& message : messages) append(*store, "s", message);
    AnyTimeline timeline(*store, "s", lens);
    auto state = timeline.state();
    return {state, timeline.unreadable(timeline.tail()).size()};
}

}  // namespace

TEST_CASE("the lens last shows the last message") {
    CHECK(through(last_lens(), {"1", R"({"b":1,"a":[2]})"}).state == R"({"a":[2],"b":1})");
}

TEST_CASE("the lens count-by-type counts, also what has no type") {
    CHECK(through(count_by_type_lens(), {R"({"type":"a"})", R"({"type":"b"})", R"({"type":"a"})", "7"}).state ==
          R"({"":1,"a":2,"b":1})");
}

TEST_CASE("the lens merge applies JSON Merge Patches, also in envelopes") {
    const auto seen = through(merge_lens(), {R"({"a":{"b":1,"c":2}})", R"({"a":{"b":null}})",
                                             R"({"type":"Changed","version":1,"data":{"d":3}})"});

    CHECK(seen.state == R"({"a":{"c":2},"d":3})");
}

TEST_CASE("the lens json-patch applies patches whole or not at all") {
    const auto seen =
        through(json_patch_lens(), {R"({"op":"add","path":"","value":{"a":1}})",
                                    R"([{"op":"replace","path":"/a","value":2},{"op":"add","path":"/b","value":3}])",
                                    R"([{"op":"remove","path":"/a"},{"op":"remove","path":"/nowhere"}])", "5"});

    CHECK(seen.state == R"({"a":2,"b":3})");
    CHECK(seen.unreadable == 2);
}

TEST_CASE("the lens state follows the State protocol") {
    const auto seen = through(
        state_protocol_lens(),
        {R"({"type":"user","key":"1","value":{"name":"Ada"},"headers":{"operation":"insert"}})",
         R"({"type":"user","key":"2","value":{"name":"Bob"},"headers":{"operation":"upsert"}})",
         R"({"type":"user","key":"1","value":{"name":"Eve"},"old_value":{"name":"Ada"},"headers":{"operation":"update"}})",
         R"({"headers":{"control":"snapshot-start","offset":"1"}})",
         R"({"type":"user","key":"2","headers":{"operation":"delete"}})",
         R"({"type":"room","key":"9","value":1,"headers":{"operation":"insert"}})",
         R"({"type":"user","key":"3","headers":{"operation":"explode"}})", R"({"type":"user","key":"3"})"});

    CHECK(seen.state == R"({"room":{"9":1},"user":{"1":{"name":"Eve"}}})");
    CHECK(seen.unreadable == 2);
    CHECK(through(state_protocol_lens(), {R"({"type":"u","key":"1","value":1,"headers":{"operation":"insert"}})",
                                          R"({"headers":{"control":"reset"}})"})
              .state == "{}");
}
