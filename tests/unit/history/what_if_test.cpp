#include <doctest/doctest.h>

#include <algorithm>

#include "contract/store_fixture.hpp"
#include "foldback/history/json.hpp"
#include "foldback/history/timeline.hpp"
#include "unit/history/order.hpp"

using namespace foldback;
using namespace foldback::history_test;

namespace {

const StreamPath stream = "orders/1";

/// The same events, folded otherwise from the first discount on.
struct StrictState {
    std::string customer;
    std::vector<Line> lines;
    std::int64_t total = 0;
    void apply(const Placed& placed) { customer = placed.customer; }
    void apply(const LineAdded& added) {
        lines.push_back(added.line);
        total += added.cents;
    }
    void apply(const Discounted& discounted) { total -= std::min(total, discounted.cents); }
};
BOOST_DESCRIBE_STRUCT(StrictState, (), (total, lines, customer))
using StrictOrder = Aggregate<StrictState, OrderEvent>;

using OrderWithoutDiscounts =
    Aggregate<OrderState, Events<Named<"Placed", 2, Placed, Was<1, PlacedV1>>, Named<"LineAdded", 1, LineAdded>,
                                 Named<"Reduced", 1, Discounted>>>;

}  // namespace

TEST_CASE("leaving out, replacing and inserting events makes another history beside the real one") {
    contract::on_every_store([](contract::Fixture& fixture) {
        append(*fixture.store, stream, usual_history());
        Timeline<Order> order(*fixture.store, stream);

        auto without = order.what_if(Edits().skip(Offset{3}));
        auto smaller = order.what_if(Edits().replace(Offset{3}, order.message(Discounted{5}, Offset{3})));
        auto more = order.what_if(Edits()
                                      .insert(Offset{1}, order.message(LineAdded{{"jam", 1}, 1}))
                                      .insert(Offset{1}, order.message(LineAdded{{"ham", 1}, 2}))
                                      .insert(Offset{5}, order.message(Discounted{3})));

        CHECK(without.tail() == Offset{4});
        CHECK(without.state().total == 550);
        CHECK(smaller.state().total == 545);
        CHECK(more.tail() == Offset{8});
        CHECK(more.state().total == 50);
        CHECK(more.state_at(Offset{3}).total == 3);
        CHECK(more.state_at(Offset{3}).lines[1].sku == "ham");
        CHECK(more.origin_of(Offset{0}) == Offset{0});
        CHECK_FALSE(more.origin_of(Offset{1}).has_value());
        CHECK(more.origin_of(Offset{3}) == Offset{1});
        CHECK(smaller.origin_of(Offset{3}) == Offset{3});
        CHECK(order.state().total == 50);
        CHECK(json_diff(order.any().state(), smaller.any().state()) ==
              R"([{"op":"replace","path":"/total","value":545}])");
    });
}

TEST_CASE("a what-if knows nothing of what the real history knows beyond the first change") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        for (int i = 0; i < 20; ++i) append(*store, stream, std::vector<OrderEvent>{LineAdded{{"tea", i}, 1}});
        append(*store, stream, "42");
        append(*store, stream, std::vector<OrderEvent>{LineAdded{{"tea", 0}, 1}});
        Timeline<Order> order(*store, stream, {.checkpoint_every = 4});
        CHECK(order.state().total == 21);

        auto without = order.what_if(Edits().skip(Offset{6}));

        CHECK(without.state().total == 20);
        for (std::uint64_t i = 0; i < 20; ++i) CHECK(without.state_at(Offset{i}).total == static_cast<int>(i));
        REQUIRE(without.unreadable().size() == 1);
        CHECK(without.unreadable()[0].offset == Offset{19});
        CHECK(without.event(Offset{20}).problem.empty());
    });
}

TEST_CASE("a what-if can be edited again") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);

        auto twice = order.what_if(Edits().skip(Offset{1})).what_if(Edits().skip(Offset{2}));

        CHECK(twice.state().total == 450);
        CHECK(twice.origin_of(Offset{2}) == Offset{4});
    });
}

TEST_CASE("edits that are no JSON or lie beyond the tail are refused") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);

        CHECK_THROWS_AS(Edits().replace(Offset{0}, "{"), std::invalid_argument);
        CHECK_THROWS_AS(Edits().insert(Offset{0}, "1,2"), std::invalid_argument);
        CHECK_THROWS_AS((void)order.what_if(Edits().skip(Offset{5})), std::out_of_range);
        CHECK_THROWS_AS((void)order.what_if(Edits().insert(Offset{6}, "1")), std::out_of_range);
    });
}

TEST_CASE("a what-if is saved as a fork that any reader may read") {
    contract::on_every_store(contract::told_without({Capability::forks}), [](contract::Fixture& fixture) {
        auto& store = *fixture.store;
        append(store, stream, usual_history());
        Timeline<Order> order(store, stream);
        const auto edits = Edits().skip(Offset{3}).insert(Offset{5}, order.message(Discounted{1}, Offset{3}));

        const auto saved = order.what_if(edits).save_as("orders/1-without", std::chrono::seconds(60));

        REQUIRE(saved.has_value());
        CHECK(saved->info.forked_from == stream);
        CHECK(saved->info.fork_point->offset == Offset{3});
        CHECK(saved->info.tail.offset == Offset{5});
        CHECK(saved->info.config.ttl == std::chrono::seconds(60));
        Timeline<Order> fork(store, "orders/1-without");
        CHECK(fork.state().total == 549);
        CHECK(fork.state_at(Offset{3}).total == 300);
        const auto messages = contract::all_messages(store, "orders/1-without");
        CHECK(messages[3] == contract::all_messages(store, stream.text())[4]);
        CHECK(Timeline<Order>(store, stream).state().total == 50);
        CHECK(contract::answer(order.save_as("orders/1-without")) == "exists");
        CHECK(contract::answer(order.what_if(edits).save_as("orders/1-without", std::chrono::seconds(60))) == "exists");
        CHECK(contract::all_messages(store, "orders/1-without") == messages);
        CHECK(contract::answer(order.save_as("orders/1-copy")) == "accepted");
        CHECK(Timeline<Order>(store, "orders/1-copy").state().total == 50);
    });
}

TEST_CASE("a what-if of a fork and one from the beginning are saved as well") {
    contract::on_every_store(contract::needs({Capability::forks}), [](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);
        REQUIRE(order.what_if(Edits().skip(Offset{3})).save_as("orders/fork").has_value());
        Timeline<Order> fork(*store, "orders/fork");

        REQUIRE(fork.what_if(Edits().skip(Offset{1})).save_as("orders/fork-of-fork").has_value());
        REQUIRE(order.what_if(Edits().skip(Offset{0})).save_as("orders/nobodys").has_value());

        CHECK(Timeline<Order>(*store, "orders/fork-of-fork").state().total == 450);
        CHECK(Timeline<Order>(*store, "orders/nobodys").state().customer.empty());
        CHECK(Timeline<Order>(*store, "orders/nobodys").tail() == Offset{4});
    });
}

TEST_CASE("another reducer is compared at every moment, whatever the order of its members") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, usual_history());
        Timeline<Order> order(*store, stream);
        Timeline<StrictOrder> strict(*store, stream);

        const auto divergence = order.first_divergence(strict);

        REQUIRE(divergence.has_value());
        CHECK(divergence->moment == Offset{4});
        CHECK(divergence->patch == R"([{"op":"replace","path":"/total","value":0}])");
        CHECK_FALSE(order.first_divergence(strict, {.to = Offset{3}}).has_value());
        Timeline<Order> same(*store, stream);
        CHECK_FALSE(order.first_divergence(same).has_value());
    });
}

TEST_CASE("an event that only one of two builds can read is where they part") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, stream, std::vector<OrderEvent>{Placed{"Ada"}, Discounted{0}});
        Timeline<Order> order(*store, stream);
        Timeline<OrderWithoutDiscounts> other(*store, stream);

        const auto divergence = order.first_divergence(other);

        REQUIRE(divergence.has_value());
        CHECK(divergence->moment == Offset{2});
        CHECK(divergence->left_problem.empty());
        CHECK(divergence->right_problem.starts_with("Discounted version 1: /data: unknown event type"));
    });
}
