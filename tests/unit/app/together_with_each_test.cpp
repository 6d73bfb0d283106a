#include "foldback/app/together_with_each.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "foldback/store/log_store.hpp"

namespace foldback {
namespace {

struct Ordered {
    std::int64_t pieces = 0;
};
BOOST_DESCRIBE_STRUCT(Ordered, (), (pieces))
struct Taken {
    std::int64_t pieces = 0;
};
BOOST_DESCRIBE_STRUCT(Taken, (), (pieces))
using CartEvent = Events<Named<"Ordered", 1, Ordered>>;
using ShelfEvent = Events<Named<"Taken", 1, Taken>>;

struct CartState {
    std::int64_t pieces = 0;
    void apply(const Ordered& ordered) { pieces += ordered.pieces; }
};
struct ShelfState {
    std::int64_t taken = 0;
    void apply(const Taken& now) { taken += now.pieces; }
};
using Cart = Aggregate<CartState, CartEvent>;
using OneShelf = Aggregate<ShelfState, ShelfEvent>;
using Decided = GroupDecision<CartEvent, ShelfEvent>;
using Shelves = std::vector<const ShelfState*>;

struct Fixture {
    std::unique_ptr<LogStore> store = LogStore::in_memory();
    Repository<Cart> carts{*store, {.category = "carts"}};
    Repository<OneShelf> shelves{*store, {.category = "shelves"}};

    [[nodiscard]] std::vector<AggregateAt<OneShelf>> at(const std::vector<std::string>& names) const {
        std::vector<AggregateAt<OneShelf>> all;
        for (const auto& name : names) all.push_back(shelves.at(name));
        return all;
    }
    [[nodiscard]] std::int64_t taken(const std::string& shelf) const { return shelves.load(shelf).state().taken; }
};

/// One piece of each shelf.
Decided take_one_of_each(const CartState&, const Shelves& shelves) {
    return {{Ordered{static_cast<std::int64_t>(shelves.size())}},
            std::vector<std::vector<ShelfEvent>>(shelves.size(), {Taken{1}})};
}

TEST_CASE_FIXTURE(Fixture, "a command on one aggregate and several others changes them all in one commit") {
    const auto outcome = together(carts.at("a"), at({"x", "y", "z"})).transact(take_one_of_each);

    REQUIRE(outcome.is_appended());
    CHECK(outcome.ranges().size() == 4);
    CHECK(outcome.position() == Position{4});
    CHECK(carts.load("a").state().pieces == 3);
    CHECK(taken("x") + taken("y") + taken("z") == 3);
}

TEST_CASE_FIXTURE(Fixture, "a rejection changes none of them, and so does nothing") {
    const auto rejected = together(carts.at("a"), at({"x"})).transact([](const CartState&, const Shelves&) -> Decided {
        return reject("empty", "nothing on the shelf");
    });
    const auto nothing =
        together(carts.at("a"), at({"x"})).transact([](const CartState&, const Shelves&) -> Decided { return {}; });

    CHECK(rejected.rejection().code == "empty");
    CHECK(nothing.is_nothing());
    CHECK(store->tail() == Position{0});
}

TEST_CASE_FIXTURE(Fixture, "when one of them moved meanwhile, all are decided about again") {
    int calls = 0;
    const auto outcome =
        together(carts.at("a"), at({"x", "y"})).transact([&](const CartState& cart, const Shelves& states) -> Decided {
            if (++calls == 1) (void)shelves.append("y", Offset{0}, std::vector<ShelfEvent>{Taken{5}}).value();
            CHECK(states[1]->taken == (calls == 1 ? 0 : 5));
            return take_one_of_each(cart, states);
        });

    CHECK(calls == 2);
    REQUIRE(outcome.is_appended());
    CHECK(taken("x") == 1);
    CHECK(taken("y") == 6);
}

TEST_CASE_FIXTURE(Fixture, "a shelf that gets nothing must still be as it was seen") {
    int calls = 0;
    const auto decide_about_x_only = [&](const CartState&, const Shelves& states) -> Decided {
        if (++calls == 1) (void)shelves.append("y", Offset{0}, std::vector<ShelfEvent>{Taken{5}}).value();
        if (states[1]->taken != 0) return reject("busy", "y is taken");
        return {{Ordered{1}}, {{Taken{1}}, {}}};
    };

    const auto outcome = together(carts.at("a"), at({"x", "y"})).transact(decide_about_x_only);

    CHECK(outcome.is_rejected());
    CHECK(taken("x") == 0);
}

TEST_CASE_FIXTURE(Fixture, "the one aggregate may be presumed new, and is read when it is not") {
    int calls = 0;
    const auto take = [&](const CartState& cart, const Shelves& states) -> Decided {
        ++calls;
        return cart.pieces > 1 ? Decided() : take_one_of_each(cart, states);
    };
    const auto command = together(carts.at("a"), at({"x", "y"}));

    const auto first = command.transact(take, {.presumes_new = true});
    const auto second = command.transact(take, {.presumes_new = true, .max_attempts = 1});

    CHECK(first.is_appended());
    CHECK(second.is_nothing());
    CHECK(calls == 3);
    CHECK(taken("x") == 1);
}

TEST_CASE_FIXTURE(Fixture, "a race that is lost each time is a conflict, and nothing is appended") {
    std::uint64_t others = 0;
    const auto outcome =
        together(carts.at("a"), at({"x"}))
            .transact(
                [&](const CartState& cart, const Shelves& states) -> Decided {
                    (void)shelves.append("x", Offset{others++}, std::vector<ShelfEvent>{Taken{1}}).value();
                    return take_one_of_each(cart, states);
                },
                {.max_attempts = 3});

    REQUIRE(outcome.is_conflict());
    CHECK(outcome.conflict().stream == StreamPath("shelves/x"));
    CHECK(outcome.conflict().attempts == 3);
    CHECK(carts.load("a").offset() == Offset{0});
}

TEST_CASE_FIXTURE(Fixture, "a command id given again yields the first answer, with its events and position") {
    const auto command = together(carts.at("a"), at({"x", "y"}));
    const auto first = command.transact(take_one_of_each, {.command_id = "c1"});
    (void)together(carts.at("b"), at({"x"})).transact(take_one_of_each, {.command_id = "c2"});

    const auto again = command.transact(take_one_of_each, {.command_id = "c1"});

    CHECK_FALSE(first.is_duplicate());
    CHECK(again.is_duplicate());
    CHECK(again.position() == first.position());
    CHECK(again.ranges() == first.ranges());
    REQUIRE(again.events().size() == 1);
    CHECK(std::get<Ordered>(again.events().front().variant()).pieces == 2);
    CHECK(taken("x") == 2);
}

TEST_CASE_FIXTURE(Fixture, "with no others it is a command on one aggregate") {
    const auto outcome = together(carts.at("a"), at({})).transact([](const CartState&, const Shelves&) -> Decided {
        return {{Ordered{7}}, {}};
    });

    CHECK(outcome.is_appended());
    CHECK(carts.load("a").state().pieces == 7);
}

TEST_CASE_FIXTURE(Fixture, "an aggregate named twice is refused") {
    CHECK_THROWS_AS((void)together(carts.at("a"), at({"x", "x"})), std::invalid_argument);
}

}  // namespace
}  // namespace foldback
