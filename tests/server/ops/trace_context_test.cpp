#include "foldback/server/trace_context.hpp"

#include <doctest/doctest.h>

using foldback::server::parse_traceparent;

TEST_SUITE("trace context") {
    TEST_CASE("a traceparent tells trace, parent and whether it is sampled") {
        const auto context = parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        REQUIRE(context);
        CHECK(context->trace_id == "0af7651916cd43dd8448eb211c80319c");
        CHECK(context->parent_id == "b7ad6b7169203331");
        CHECK(context->sampled);
        CHECK_FALSE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")->sampled);
    }

    TEST_CASE("a later version is read as far as it is known") {
        CHECK(parse_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
        CHECK(parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes"));
        CHECK_FALSE(parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what"));
    }

    TEST_CASE("what is not valid is as if it were not there") {
        for (const auto* bad : {"", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                                "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                                "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                                "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
                                "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
                                "zz-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse_traceparent(bad));
        }
    }
}
