#include "foldback/client/read_session.hpp"

#include <doctest/doctest.h>

#include <boost/describe/class.hpp>

using foldback::client::Batch;
using foldback::client::ClientError;

namespace {

struct Line {
    std::string sku;
    int count = 0;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, count))

}  // namespace

TEST_CASE("a JSON batch hands out its messages as they were sent") {
    Batch batch;

    REQUIRE(batch.assign(R"( [ {"a": 1e400} ,[1,2], "x" ,null] )", true));
    CHECK(batch.items() == std::vector<std::string_view>{R"({"a": 1e400})", "[1,2]", R"("x")", "null"});
    CHECK_FALSE(batch.empty());
    for (const char* text : {"[]", " [ \n] "}) {
        REQUIRE(batch.assign(text, true));
        CHECK(batch.empty());
        CHECK(batch.items().empty());
        CHECK(batch.values<int>().empty());
    }
}

TEST_CASE("a body that does not begin and end as a JSON array is no batch") {
    for (const char* text : {"", " ", "[", "]", "[1", "[1,", "{}", "[1]x", "<html>"}) {
        CAPTURE(text);
        CHECK_FALSE(Batch().assign(text, true));
    }
}

TEST_CASE("a batch whose messages are no JSON says so to whoever reads them") {
    for (const char* text : {"[1,]", "[,]", "[1 2]", "[1]]", "[1],[2]", "[\xFF]"}) {
        CAPTURE(text);
        Batch batch;
        REQUIRE(batch.assign(text, true));
        CHECK_FALSE(batch.empty());
        CHECK_THROWS_AS((void)batch.items(), ClientError);
        CHECK_THROWS_AS((void)batch.values<int>(), ClientError);
    }
    Batch batch;
    REQUIRE(batch.assign(R"([{"a":}])", true));
    CHECK_THROWS_AS((void)batch.items(), ClientError);
}

TEST_CASE("messages become values") {
    Batch batch;
    REQUIRE(batch.assign(R"([{"sku":"A","count":1},{"sku":"B","count":2}])", true));

    const auto lines = batch.values<Line>();
    Batch spaced;
    REQUIRE(spaced.assign(" [ 1 , 2 ] ", true));

    CHECK(spaced.values<int>() == std::vector<int>{1, 2});
    REQUIRE(lines.size() == 2);
    CHECK(lines[1].sku == "B");
    CHECK(lines[1].count == 2);
}

TEST_CASE("a message that is another value than expected is an error, not a value") {
    Batch batch;
    REQUIRE(batch.assign(R"([{"sku":"A"}])", true));

    CHECK_THROWS_AS((void)batch.values<Line>(), ClientError);
}

TEST_CASE("any other stream's batch is one item of all its bytes") {
    Batch batch;
    REQUIRE(batch.assign("[not json", false));

    CHECK(batch.items() == std::vector<std::string_view>{"[not json"});
}
