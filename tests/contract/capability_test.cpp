#include "store_fixture.hpp"

/// What a store cannot do it says, before anything happens.
namespace foldback::contract {
namespace {

/// What a call says is missing.
template <class Call>
Capabilities missing_in(const Call& call) {
    try {
        call();
    } catch (const MissingCapability& told) {
        return told.missing;
    }
    return {};
}

}  // namespace

TEST_CASE("who needs more of a store than it has is told at the start what that is") {
    on_every_store([](Fixture& at) {
        const auto missing = Capabilities::all().missing_in(at.store->capabilities());

        CHECK(missing_in([&] { require(*at.store, Capabilities::all(), "this test"); }) == missing);
        CHECK(missing_in([&] { require(*at.store, at.store->capabilities(), "this test"); }).empty());
        CHECK(missing == (at.place == Place::foreign ? Capabilities::all() : Capabilities()));
    });
}

TEST_CASE("what a store lacks is refused by its name when it is asked for, and nothing else is") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "[1,2]");
        auto& store = *at.store;
        const auto told = [&](Capability one, const auto& call) {
            CAPTURE(name_of(one));
            CHECK(missing_in(call) == (store.capabilities().has(one) ? Capabilities() : Capabilities{one}));
        };

        told(Capability::store_order, [&] { (void)store.tail(); });
        told(Capability::store_order, [&] { (void)store.read_feed({}); });
        told(Capability::store_order, [&] { (void)store.watch_feed({}, [] {}); });
        told(Capability::append_all, [&] {
            (void)store.append_all({{.stream = "s", .messages = json("3")}, {.stream = "s2", .messages = json("4")}});
        });
        told(Capability::backward_read,
             [&] { (void)store.read({.stream = "s", .from = FromTail{}, .direction = Direction::backward}); });
        told(Capability::list, [&] { (void)store.list({}); });
        told(Capability::truncate, [&] { (void)store.truncate_before("s", Offset{1}); });
        told(Capability::forks, [&] {
            (void)store.create({.stream = "f", .config = {.content_type = {}}, .fork = ForkFrom{.source = "s"}});
        });
        told(Capability::stream_seq,
             [&] { (void)store.append({.stream = "s", .messages = json("3"), .stream_seq = "1"}); });
        if (at.place == Place::foreign) CHECK(all_messages(store, "s") == Strings{"1", "2"});
    });
}

}  // namespace foldback::contract
