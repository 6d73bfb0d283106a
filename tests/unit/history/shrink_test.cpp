#include "foldback/history/shrink.hpp"

#include "contract/store_fixture.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "foldback/history/aggregate_lens.hpp"
#include "foldback/history/any_timeline.hpp"
#include "unit/history/order.hpp"

using namespace foldback;
using namespace foldback::history_test;

namespace {

using Indexes = std::vector<std::size_t>;

/// The failure needs all of these.
KeepsFailure needs(const std::set<std::size_t>& all) {
    return [all](std::span<const std::size_t> kept) {
        return std::includes(kept.begin(), kept.end(), all.begin(), all.end());
    };
}

constexpr std::size_t many = 100'000;

FoldPredicate total_below(std::int64_t cents) {
    return [cents](const Fold& fold) { return detail::aggregate_in<Order>(fold).state().total < cents; };
}

AnyTimeline timeline_of(StreamStore& store) { return {store, "orders/1", lens_of<Order>("orders")}; }

}  // namespace

TEST_CASE("what a failure does not need is left out, wherever it stands") {
    CHECK(shrink(1000, needs({17}), many).kept == Indexes{17});
    CHECK(shrink(1000, needs({0, 999}), many).kept == Indexes{0, 999});
    CHECK(shrink(23, needs({0, 4, 9, 22}), many).kept == Indexes{0, 4, 9, 22});
    CHECK(shrink(5, needs({0, 1, 2, 3, 4}), many).kept == Indexes{0, 1, 2, 3, 4});
    CHECK(shrink(1, needs({0}), many).kept == Indexes{0});
}

TEST_CASE("a failure that needs nothing is shrunk to nothing in one trial") {
    const auto shrunk = shrink(1000, needs({}), many);

    CHECK(shrunk.kept.empty());
    CHECK(shrunk.trials == 1);
    CHECK(shrink(0, needs({}), many).trials == 0);
}

TEST_CASE("few needed things among many are found in few trials") {
    CHECK(shrink(100'000, needs({31'000}), many).trials < 50);
    CHECK(shrink(100'000, needs({1, 50'000, 99'999}), many).trials < 200);
}

TEST_CASE("of what is left nothing can be left out alone, whatever the failure is") {
    std::random_device device;
    for (int round = 0; round < 200; ++round) {
        const auto seed = device();
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto count = 1 + random() % 40;
        const auto modulus = 1 + random() % 5;
        // No needed set: any odd number of multiples, so that leaving out one may need leaving out another.
        const auto keeps = [&](std::span<const std::size_t> kept) {
            const auto multiples =
                std::count_if(kept.begin(), kept.end(), [&](std::size_t one) { return one % modulus == 0; });
            return multiples % 2 == 1;
        };
        Indexes all(count);
        for (std::size_t i = 0; i < count; ++i) all[i] = i;
        if (!keeps(all)) continue;

        const auto shrunk = shrink(count, keeps, many);

        CHECK(shrunk.minimal);
        CHECK(keeps(shrunk.kept));
        for (std::size_t left_out = 0; left_out < shrunk.kept.size(); ++left_out) {
            auto fewer = shrunk.kept;
            fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(left_out));
            CHECK_FALSE(keeps(fewer));
        }
    }
}

TEST_CASE("what could not be left out is tried again when others are gone") {
    const auto keeps = [](std::span<const std::size_t> kept) {
        const auto has = [&](std::size_t one) { return std::find(kept.begin(), kept.end(), one) != kept.end(); };
        return has(0) && (has(3) || !has(1));
    };

    CHECK(shrink(4, keeps, many).kept == Indexes{0});
}

TEST_CASE("shrinking ends when it may not try more, and says so") {
    const auto shrunk = shrink(1000, needs({3, 500}), 5);

    CHECK(shrunk.trials == 5);
    CHECK_FALSE(shrunk.minimal);
    CHECK(needs({3, 500})(shrunk.kept));
}

TEST_CASE("a history is shrunk to the events with which it still fails") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, "orders/1", usual_history());
        auto order = timeline_of(*store);

        const auto shrunk = order.shrink(total_below(0));

        REQUIRE(shrunk.has_value());
        CHECK(shrunk->moment == Offset{4});
        CHECK(shrunk->kept == std::vector{Offset{3}});
        CHECK(shrunk->minimal);
        CHECK_FALSE(order.shrink(total_below(-1000)).has_value());
        CHECK(order.shrink(total_below(1))->kept.empty());
        CHECK_FALSE(order.shrink(total_below(0), {.max_folded = 1})->minimal);
    });
}

namespace {

/// Refuses what does not follow from what went before.
struct StrictState {
    bool placed = false;
    std::int64_t total = 0;
    void apply(const Placed&) { placed = true; }
    void apply(const LineAdded& added) {
        if (!placed) throw std::runtime_error("a line without an order");
        total += added.cents;
    }
    void apply(const Discounted& discounted) {
        if (total == 0) throw std::runtime_error("nothing to discount");
        total -= discounted.cents;
    }
};
BOOST_DESCRIBE_STRUCT(StrictState, (), (placed, total))
using Strict = Aggregate<StrictState, OrderEvent>;

}  // namespace

TEST_CASE(
    "events without those that they need are another failure, and those that never could be folded are left out") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, "orders/1", std::vector<OrderEvent>{LineAdded{{"early", 1}, 1}});
        append(*store, "orders/1", usual_history());
        AnyTimeline order{*store, "orders/1", lens_of<Strict>("orders")};
        const auto negative = [](const Fold& fold) { return detail::aggregate_in<Strict>(fold).state().total < 0; };

        const auto shrunk = order.shrink(negative);

        REQUIRE(shrunk.has_value());
        CHECK(shrunk->moment == Offset{5});
        // Placed, one of the lines, the discount.
        CHECK(shrunk->kept == std::vector{Offset{1}, Offset{2}, Offset{4}});
    });
}

namespace {

/// Changes before it refuses.
struct TornState {
    bool placed = false;
    std::int64_t total = 0;
    void apply(const Placed&) { placed = true; }
    void apply(const LineAdded&) {
        total -= 1000;
        if (!placed) throw std::runtime_error("a line without an order");
        total += 1000;
    }
    void apply(const Discounted& discounted) { total -= discounted.cents; }
};
BOOST_DESCRIBE_STRUCT(TornState, (), (placed, total))
using Torn = Aggregate<TornState, OrderEvent>;

}  // namespace

TEST_CASE("half of an event is no failure") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        append(*store, "orders/1", usual_history());
        AnyTimeline order{*store, "orders/1", lens_of<Torn>("orders")};
        const auto negative = [](const Fold& fold) { return detail::aggregate_in<Torn>(fold).state().total < 0; };

        CHECK(order.shrink(negative)->kept == std::vector{Offset{3}});
    });
}
