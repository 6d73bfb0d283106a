#include "contract/store_fixture.hpp"

#include <stdexcept>

#include "foldback/history/timeline.hpp"
#include "unit/history/order.hpp"

using namespace foldback;
using namespace foldback::history_test;

namespace {

const StreamPath stream = "orders/1";

/// An aggregate that fails in the middle of a message: the first piece is applied when the second throws.
struct Both {
    int first = 0;
    int second = 0;
};
BOOST_DESCRIBE_STRUCT(Both, (), (first, second))
struct First {
    int value = 0;
};
BOOST_DESCRIBE_STRUCT(First, (), (value))
struct Second {
    int value = 0;
};
BOOST_DESCRIBE_STRUCT(Second, (), (value))
Pieces<First, Second> upcast(const Both& both) { return {First{both.first}, Second{both.second}}; }
using BothEvent = Events<Named<"First", 1, First>, Named<"Second", 1, Second>, Retired<"Both", Was<1, Both>>>;
struct BothState {
    int sum = 0;
    void apply(const First& first) { sum += first.value; }
    void apply(const Second& second) {
        if (second.value < 0) throw std::runtime_error("less than nothing");
        sum += second.value;
    }
};
BOOST_DESCRIBE_STRUCT(BothState, (), (sum))
using BothAggregate = Aggregate<BothState, BothEvent>;

}  // namespace

TEST_CASE("events that cannot be read are told with their offset and change nothing") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, std::vector<OrderEvent>{Placed{"Ada"}});
        append(*store, stream, R"({"type":"Discounted","version":1,"data":{"cents":"many"}})");
        append(*store, stream, R"({"type":"Vanished","version":3,"data":{}})");
        append(*store, stream, "42");
        append(*store, stream, std::vector<OrderEvent>{LineAdded{{"tea", 1}, 100}});

        for (const std::size_t every : {1U, 2U, 256U}) {
            Timeline<Order> order(*store, stream, {.checkpoint_every = every});
            CHECK(order.state().total == 100);
            order.go_to(Offset{3});
            CHECK(order.state().customer == "Ada");
            CHECK(order.diff(Offset{1}, Offset{4}) == "[]");
            const auto unreadable = order.unreadable();
            REQUIRE(unreadable.size() == 3);
            CHECK(unreadable[0].offset == Offset{1});
            CHECK(unreadable[0].problem.starts_with("Discounted version 1: "));
            CHECK(unreadable[0].problem.find("/data/cents") != std::string::npos);
            CHECK(unreadable[1].problem.starts_with("Vanished version 3: /data: unknown event type"));
            CHECK(unreadable[2].offset == Offset{3});
            const auto events = order.events(Offset{0}, 10);
            CHECK(events[0].problem.empty());
            CHECK(events[1].problem == unreadable[0].problem);
            CHECK(events[1].text == R"({"type":"Discounted","version":1,"data":{"cents":"many"}})");
            CHECK(events[2].type == "Vanished");
            CHECK(events[3].type.empty());
            CHECK(events[4].problem.empty());
            CHECK(order.any().problem_at(Offset{2}) == unreadable[1].problem);
            CHECK(order.any().problem_at(Offset{4}).empty());
        }
    });
}

TEST_CASE("a message that fails when half of it is applied changes nothing") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, R"({"type":"First","version":1,"data":{"value":1}})");
        append(*store, stream, R"({"type":"Both","version":1,"data":{"first":10,"second":-1}})");
        append(*store, stream, R"({"type":"Both","version":1,"data":{"first":100,"second":-1}})");
        append(*store, stream, R"({"type":"Both","version":1,"data":{"first":1000,"second":2000}})");

        for (const std::size_t every : {1U, 2U, 256U}) {
            Timeline<BothAggregate> both(*store, stream, {.checkpoint_every = every});
            CHECK(both.state().sum == 3001);
            CHECK(both.state_at(Offset{3}).sum == 1);
            CHECK(both.state_at(Offset{1}).sum == 1);
            REQUIRE(both.unreadable().size() == 2);
            CHECK(both.unreadable()[1].problem == "Both version 1: less than nothing");
            CHECK(both.event(Offset{3}).current.size() == 2);
        }
    });
}
