#include "foldback/history/timeline.hpp"

#include <doctest/doctest.h>

#include <random>

#include "contract/store_fixture.hpp"
#include "foldback/history/json.hpp"
#include "unit/history/order.hpp"

using namespace foldback;
using namespace foldback::history_test;

namespace {

const StreamPath stream = "orders/1";

std::vector<std::uint64_t> offsets(const std::vector<StoredEvent>& events) {
    std::vector<std::uint64_t> values;
    for (const auto& event : events) values.push_back(event.offset.value);
    return values;
}
using Numbers = std::vector<std::uint64_t>;

const Blame& blame_of(const std::vector<Blame>& blames, const std::string& pointer) {
    for (const auto& blame : blames) {
        if (blame.pointer == pointer) return blame;
    }
    FAIL("nothing to blame for " << pointer);
    return blames.front();
}

}  // namespace

TEST_CASE("a timeline stands at the tail and steps back and forth") {
    contract::on_every_store([](contract::Fixture& fixture) {
        append(*fixture.store, stream, usual_history());
        Timeline<Order> order(*fixture.store, stream);

        CHECK(order.offset() == Offset{5});
        CHECK(order.state().total == 50);
        REQUIRE(order.step_back());
        CHECK(order.state().total == -200);
        REQUIRE(order.step_back());
        CHECK(order.state().total == 300);
        REQUIRE(order.step_forward());
        CHECK(order.state().total == -200);
        order.go_to(Offset{0});
        CHECK(order.state().customer.empty());
        CHECK_FALSE(order.step_back());
        order.go_to(order.tail());
        CHECK_FALSE(order.step_forward());
    });
}

TEST_CASE("every moment is the fold of what happened before it, whatever the distance of checkpoints and way there") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        for (int i = 0; i < 300; ++i) append(*store, stream, std::vector<OrderEvent>{LineAdded{{"tea", i}, i}});
        std::mt19937_64 random(7);

        for (const auto options :
             {TimelineOptions{.checkpoint_every = 1}, TimelineOptions{.checkpoint_every = 16},
              TimelineOptions{.checkpoint_every = 4, .max_bytes = 20'000}, TimelineOptions{.checkpoint_every = 1000}}) {
            Timeline<Order> order(*store, stream, options);
            for (int i = 0; i < 200; ++i) {
                const Offset moment{random() % 301};
                order.go_to(moment);
                REQUIRE(order.state().lines.size() == moment.value);
                REQUIRE(order.state().total == static_cast<std::int64_t>(moment.value * (moment.value - 1) / 2));
            }
        }
    });
}

TEST_CASE("a moment beyond the tail is an error that names the moments there are") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);

        CHECK_THROWS_WITH_AS(order.go_to(Offset{6}), "moment 6 of orders/1, which has the moments 0 to 5",
                             std::out_of_range);
        CHECK_THROWS_WITH_AS((void)order.event(Offset{5}), "event 5 of orders/1, which has the events 0 to 4",
                             std::out_of_range);
        CHECK(order.offset() == Offset{5});
    });
}

TEST_CASE("a timeline of no stream, and of a stream of bytes, is refused") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        REQUIRE(store->create({.stream = "notes", .config = {.content_type = "text/plain"}}).has_value());

        CHECK_THROWS_AS((Timeline<Order>(*store, stream)), RefusedError);
        CHECK_THROWS_AS((Timeline<Order>(*store, "notes")), std::invalid_argument);
    });
}

TEST_CASE("the moment at a time is what was committed until then") {
    contract::on_every_store(contract::told_without({Capability::commit_times}), [](contract::Fixture& fixture) {
        const auto start = fixture.clock.now();
        for (const auto& event : usual_history()) {
            append(*fixture.store, stream, std::vector<OrderEvent>{event});
            fixture.clock.advance(std::chrono::seconds(10));
        }
        Timeline<Order> order(*fixture.store, stream);

        const auto before = order.moment_at(start - std::chrono::seconds(1));

        CHECK(before == Offset{0});
        CHECK(order.moment_at(start) == Offset{1});
        CHECK(order.moment_at(start + std::chrono::seconds(29)) == Offset{3});
        CHECK(order.state_at(start + std::chrono::seconds(30)).total == -200);
        CHECK(order.moment_at(start + std::chrono::hours(1)) == Offset{5});
    });
}

TEST_CASE("a refreshed timeline has what was appended since and stands where it stood") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);
        append(*store, stream, std::vector<OrderEvent>{Discounted{50}});
        CHECK(order.tail() == Offset{5});

        CHECK(order.refresh());

        CHECK(order.offset() == Offset{5});
        CHECK(order.tail() == Offset{6});
        CHECK(order.state_at(Offset{6}).total == 0);
        CHECK_FALSE(order.refresh());
    });
}

TEST_CASE("a stream that was deleted and created again is no longer this timeline's") {
    contract::on_every_store(contract::needs({Capability::incarnations}), [](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);
        REQUIRE(store->remove(stream).has_value());
        append(*store, stream, usual_history());

        CHECK_THROWS_WITH_AS((void)order.refresh(), "orders/1 was deleted and created again: open a new timeline",
                             std::runtime_error);
        CHECK_THROWS_AS((void)order.state(), std::runtime_error);
    });
}

TEST_CASE("what an event changed is a JSON Patch, in both directions") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);

        CHECK(order.diff(Offset{3}, Offset{4}) == R"([{"op":"replace","path":"/total","value":-200}])");
        CHECK(order.diff(Offset{4}, Offset{3}) == R"([{"op":"replace","path":"/total","value":300}])");
        CHECK(order.diff(Offset{4}, Offset{4}) == "[]");
        const auto both = order.compare(Offset{1}, Offset{5});
        CHECK(json_equal(json_patched(both.before, both.patch), both.after));
        CHECK(json_equal(both.before, R"({"customer":"Ada","lines":[],"total":0})"));
    });
}

TEST_CASE("blame names the event that last set each part of the state") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);

        const auto blames = order.blame(Offset{4});

        CHECK(blames.size() == 6);
        CHECK(blame_of(blames, "/customer").event == Offset{0});
        CHECK(blame_of(blames, "/lines/1/quantity").event == Offset{2});
        CHECK(blame_of(blames, "/lines/1/quantity").value == "2");
        CHECK(blame_of(blames, "/total").event == Offset{3});
        CHECK(blame_of(blames, "/total").type == "Discounted");
        CHECK_FALSE(blame_of(order.blame(Offset{1}), "/total").event.has_value());
    });
}

TEST_CASE("blame follows the elements of an array by what identifies them, wherever they stand") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, R"({"type":"A","data":{"lines":[{"sku":"a/1","n":1},{"sku":"b","n":2}]}})");
        append(*store, stream, R"({"type":"B","data":{"lines":[{"sku":"b","n":2},{"sku":"c","n":3,"tags":["x"]}]}})");
        append(*store, stream, R"({"type":"C","data":{"lines":[{"sku":"c","n":4,"tags":["x"]},{"sku":"b","n":2}]}})");
        append(*store, stream, R"({"type":"D","data":{"lines":[{"sku":"a/1","n":1},{"sku":"b","n":2}]}})");
        auto lens = merge_lens();
        lens.identity = {{"/lines", "sku"}};
        AnyTimeline timeline(*store, stream, lens);

        const auto third = timeline.blame(Offset{3});
        const auto fourth = timeline.blame(Offset{4});

        REQUIRE(third.size() == 5);
        CHECK(third[0].path == "/lines/[c]/n");
        CHECK(third[0].pointer == "/lines/0/n");
        CHECK(third[0].event == Offset{2});
        CHECK(third[1].event == Offset{1});
        CHECK(third[2].path == "/lines/[c]/tags/0");
        CHECK(third[3].path == "/lines/[b]/n");
        CHECK(third[3].event == Offset{0});
        REQUIRE(fourth.size() == 4);
        CHECK(fourth[0].path == "/lines/[a~11]/n");
        CHECK(fourth[0].event == Offset{3});
        CHECK(fourth[2].event == Offset{0});
    });
}

TEST_CASE("blame goes by the index where elements are not told apart") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, R"({"type":"A","data":{"lines":[{"sku":"a"},{"sku":"a"}]}})");
        append(*store, stream, R"({"type":"B","data":{"lines":[{"sku":"a"},{"sku":"b"},{"n":1}]}})");
        auto lens = merge_lens();
        lens.identity = {{"/lines", "sku"}};
        AnyTimeline timeline(*store, stream, lens);

        const auto blames = timeline.blame(Offset{2});

        REQUIRE(blames.size() == 3);
        CHECK(blames[0].path == "/lines/0/sku");
        CHECK(blames[0].event == Offset{0});
        CHECK(blames[1].event == Offset{1});
    });
}

TEST_CASE("the first moment of a predicate is found by walking and by bisecting") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        for (int i = 0; i < 1000; ++i) append(*store, stream, std::vector<OrderEvent>{LineAdded{{"tea", 1}, 1}});
        Timeline<Order> order(*store, stream, {.checkpoint_every = 16});
        const auto reached = [](const OrderState& state) { return state.total >= 700; };

        CHECK(order.first_where(reached).moment == Offset{700});
        CHECK(order.offset() == Offset{700});
        std::size_t asked = 0;
        const auto counting = [&](const OrderState& state) { return ++asked, reached(state); };
        CHECK(order.first_where(counting, {.monotone = true}).moment == Offset{700});
        CHECK(asked < 30);
        CHECK(order.first_where(reached, {.from = Offset{800}}).moment == Offset{800});
        CHECK_FALSE(order.first_where(reached, {.to = Offset{699}}).moment.has_value());
        CHECK(order.first_where(reached, {.to = Offset{699}, .monotone = true}).complete);
    });
}

TEST_CASE("a predicate that holds only for a while is found by walking") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);

        CHECK(order.first_where([](const OrderState& state) { return state.total < 0; }).moment == Offset{4});
        CHECK(order.any()
                  .first_where_json([](std::string_view state) { return state.find("-200") != state.npos; })
                  .moment == Offset{4});
    });
}

TEST_CASE("a search that is told to stop says that it is not complete") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        for (int i = 0; i < 5000; ++i)
            append(*store, stream, R"({"type":"Discounted","version":1,"data":{"cents":1}})");
        Timeline<Order> order(*store, stream);
        const auto never = [](const OrderState&) { return false; };
        Numbers calls;

        const auto found = order.first_where(never, {.progress = [&](std::uint64_t done, std::uint64_t total) {
                                                 calls.insert(calls.end(), {done, total});
                                                 return done == 0;
                                             }});

        CHECK_FALSE(found.complete);
        CHECK(calls == Numbers{0, 5000, 4096, 5000});
    });
}

TEST_CASE("events are shown as stored and as upcast") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        const std::string old =
            R"({"type":"Placed","version":1,"id":"e1","timestamp":5,"data":{"name":"Ada"},"meta":{"actor":"web"}})";
        append(*store, stream, old);
        append(*store, stream, R"({"type":"Discounted","data":{"cents":1}})");
        Timeline<Order> order(*store, stream);

        const auto events = order.events(Offset{0}, 10);

        REQUIRE(events.size() == 2);
        CHECK(events[0].text == old);
        CHECK(events[0].type == "Placed");
        CHECK(events[0].version == 1);
        CHECK(events[0].id == "e1");
        CHECK(events[0].timestamp == Timestamp(std::chrono::milliseconds(5)));
        CHECK(events[0].metadata.actor == "web");
        CHECK(events[0].current ==
              std::vector<std::string>{R"({"type":"Placed","version":2,"data":{"customer":"Ada"}})"});
        CHECK(events[0].problem.empty());
        CHECK_FALSE(events[1].timestamp.has_value());
        CHECK(order.events(Offset{2}, 10).empty());
    });
}

TEST_CASE("events are found by type, by text and by what they mean") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);
        auto& any = order.any();

        CHECK(offsets(any.search({.types = {"Placed", "Discounted"}}).events) == Numbers{0, 3});
        CHECK(offsets(any.search({.text = "\"cup\""}).events) == Numbers{2});
        CHECK(offsets(any.search({.types = {"LineAdded"}, .from = Offset{2}, .to = Offset{4}}).events) == Numbers{2});
        const auto two = any.search({.types = {"LineAdded"}, .limit = 2});
        CHECK(offsets(two.events) == Numbers{1, 2});
        CHECK_FALSE(two.complete);
        CHECK(offsets(any.search({.types = {"LineAdded"}, .from = two.next}).events) == Numbers{4});
        CHECK(order.search([](const OrderEvent& event) {
            const auto* added = std::get_if<LineAdded>(&event.variant());
            return added != nullptr && added->cents > 150;
        }) == std::vector{Offset{2}, Offset{4}});
    });
}

TEST_CASE("a truncated stream needs a snapshot to begin with") {
    contract::on_every_store(contract::needs({Capability::truncate}), [](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        auto snapshot = Order({.customer = "Ada", .total = 300}, Offset{3});
        REQUIRE(store->truncate_before(stream, Offset{2}).has_value());

        CHECK_THROWS_AS((Timeline<Order>(*store, stream)), RefusedError);
        Timeline<Order> order(*store, stream, snapshot);
        CHECK(order.first() == Offset{3});
        CHECK(order.state().total == 50);
        CHECK(order.state_at(Offset{3}).total == 300);
        CHECK_THROWS_AS(order.go_to(Offset{2}), std::out_of_range);
    });
}
