#include "foldback/app/projection.hpp"

#include "projection_fixture.hpp"

namespace foldback::projection_tests {
namespace {

struct OrderPlacedV1 {
    std::string customer;
};
BOOST_DESCRIBE_STRUCT(OrderPlacedV1, (), (customer))
struct OrderPlaced {
    std::string customer;
    std::int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer, total))
struct OrderPaid {
    std::int64_t amount = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPaid, (), (amount))
struct OrderNoted {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(OrderNoted, (), (text))
struct OrderPaidTwice {
    std::int64_t first = 0;
    std::int64_t second = 0;
};
BOOST_DESCRIBE_STRUCT(OrderPaidTwice, (), (first, second))

OrderPlaced upcast(const OrderPlacedV1& old) { return {old.customer, 7}; }
Pieces<OrderPaid, OrderNoted> upcast(const OrderPaidTwice& old) {
    return {OrderPaid{old.first}, OrderNoted{"twice"}, OrderPaid{old.second}};
}

using OrderEvent = Events<Named<"OrderPlaced", 2, OrderPlaced, Was<1, OrderPlacedV1>>, Named<"OrderPaid", 1, OrderPaid>,
                          Named<"OrderNoted", 1, OrderNoted>, Retired<"OrderPaidTwice", Was<1, OrderPaidTwice>>>;

struct Totals {
    void apply(ReadModel& model, const OrderPlaced& placed, const RecordedAt& where) const {
        model.execute("INSERT INTO totals VALUES (?, ?, ?, 0)", {where.stream, placed.customer, placed.total});
    }
    void apply(ReadModel& model, const OrderPaid& paid, const RecordedAt& where) const {
        model.execute("UPDATE totals SET paid = paid + ? WHERE stream = ?", {paid.amount, where.stream});
        model.execute("INSERT INTO payments VALUES (?, ?, ?, ?)",
                      {where.position.value, where.sub_index, where.id, where.metadata.actor});
    }
};

ProjectionDefinition totals() {
    return project<OrderEvent>(
        {.name = "totals",
         .schema = "CREATE TABLE totals (stream TEXT PRIMARY KEY, customer TEXT, total INTEGER, paid INTEGER);"
                   "CREATE TABLE payments (position INTEGER, sub_index INTEGER, id TEXT, actor TEXT);",
         .events = {.categories = {"orders"}}},
        Totals{});
}

}  // namespace

TEST_CASE("typed handlers get upcasted events, pieces one by one, and where they come from") {
    in_every_world_and_way([](World& world) {
        world.append("orders/1", R"({"type":"OrderPlaced","version":1,"data":{"customer":"ann"}})");
        world.append("orders/2", R"({"type":"OrderPlaced","version":2,"data":{"customer":"bob","total":5}})");
        world.append("orders/1", R"({"type":"OrderNoted","version":1,"data":{"text":"!"}})");
        world.append("orders/1",
                     R"({"type":"OrderPaid","version":1,"id":"e1","data":{"amount":3},"meta":{"actor":"eve"}})");
        world.append("orders/2", R"({"type":"OrderPaidTwice","version":1,"data":{"first":1,"second":4}})");
        world.append("orders/2", R"({"type":"SomethingElse","version":1,"data":{}})");
        world.append("invoices/1", R"({"type":"OrderPaid","version":1,"data":{"amount":3}})");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(totals(), world.database);

        catch_up(world, runner);

        CHECK(world.rows("SELECT * FROM totals") == Strings{"orders/1|ann|7|3", "orders/2|bob|5|5"});
        CHECK(world.rows("SELECT * FROM payments") == Strings{"3|0|e1|eve", "4|0||", "4|2||"});
        CHECK(runner.status("totals").applied == 4);
    });
}

TEST_CASE("the stored names that a handler needs are derived from its applies") {
    CHECK(totals().events.types == Strings{"OrderPlaced", "OrderPaid", "OrderPaidTwice"});
}

TEST_CASE("lambdas make a handler") {
    in_every_world([](World& world) {
        world.append("orders/1", R"({"type":"OrderPaid","version":1,"data":{"amount":3}})");
        world.append("orders/1", R"({"type":"OrderNoted","version":1,"data":{"text":"hello"}})");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(project<OrderEvent>({.name = "lines", .schema = "CREATE TABLE lines (text TEXT)"},
                                       Handlers{[](ReadModel& model, const OrderPaid& paid) {
                                                    model.execute("INSERT INTO lines VALUES (?)", {paid.amount});
                                                },
                                                [](ReadModel& model, const OrderNoted& noted, const RecordedAt& where) {
                                                    model.execute("INSERT INTO lines VALUES (?)",
                                                                  {noted.text + " " + std::string(where.stream)});
                                                }}),
                   world.database);

        runner.run_until_caught_up();

        CHECK(world.rows("SELECT * FROM lines") == Strings{"3", "hello orders/1"});
    });
}

TEST_CASE("an event that cannot be read is a poison event, and what it split into is undone with it") {
    in_every_world([](World& world) {
        auto definition = totals();
        definition.on_poison = OnPoison::park;
        definition.retry.retries = 0;
        world.append("orders/1", R"({"type":"OrderPlaced","version":2,"data":{"customer":"ann"}})");
        world.append("orders/2", R"({"type":"OrderPlaced","version":2,"data":{"customer":"bob","total":5}})");
        ProjectionRunner runner(*world.store, world.options());
        runner.add(definition, world.database);

        runner.run_until_caught_up();

        CHECK(world.rows("SELECT customer FROM totals") == Strings{"bob"});
        CHECK(runner.parked("totals").at(0).error.find("orders/1 at offset 0") != std::string::npos);
    });
}

}  // namespace foldback::projection_tests
