#include "foldback/state/materialized_state.hpp"

#include <boost/describe/class.hpp>

#include "contract/store_fixture.hpp"

namespace foldback {
namespace {

struct User {
    std::string name;
    int age = 0;
};
BOOST_DESCRIBE_STRUCT(User, (), (name, age))

using Everything = MaterializedState<StateEntity<"user", User>, StateEntity<"theme", std::string>>;

constexpr const char* ada =
    R"({"type":"user","key":"1","value":{"name":"Ada","age":36},"headers":{"operation":"insert"}})";
constexpr const char* bob =
    R"({"type":"user","key":"2","value":{"name":"Bob","age":7},"headers":{"operation":"insert"}})";

void write(StreamStore& store, std::string_view message) {
    (void)store
        .append({.stream = "state",
                 .messages = contract::json(message),
                 .create_with = StreamConfig{.content_type = contract::json_type}})
        .value();
}

}  // namespace

TEST_CASE("each entity type is a map of typed values by key") {
    Everything state;

    state.apply(ada);
    state.apply(bob);
    state.apply(R"({"type":"theme","key":"main","value":"dark","headers":{"operation":"upsert"}})");
    state.apply(R"({"type":"user","key":"1","value":{"name":"Ada","age":37},"headers":{"operation":"update"}})");
    state.apply(R"({"type":"user","key":"2","headers":{"operation":"delete"}})");
    state.apply(R"({"type":"user","key":"9","value":null,"headers":{"operation":"delete"}})");
    state.apply(R"({"type":"unheard of","key":"9","value":[],"headers":{"operation":"insert"}})");

    REQUIRE(state.of<"user">().size() == 1);
    CHECK(state.of<"user">().at("1").age == 37);
    CHECK(state.of<"theme">().at("main") == "dark");
    CHECK(state.size() == 2);
}

TEST_CASE("a reset empties every type, and the boundaries of a snapshot are told") {
    Everything state;
    state.apply(ada);
    CHECK_FALSE(state.in_snapshot());

    state.apply(R"({"headers":{"control":"reset"}})");
    state.apply(R"({"headers":{"control":"snapshot-start","offset":"7"}})");
    CHECK(state.in_snapshot());
    CHECK(state.size() == 0);
    state.apply(bob);
    state.apply(R"({"headers":{"control":"snapshot-end"}})");

    CHECK_FALSE(state.in_snapshot());
    CHECK(state.of<"user">().at("2").name == "Bob");
}

TEST_CASE("a message that is malformed or of another shape changes nothing and says what is wrong") {
    Everything state;
    state.apply(ada);

    CHECK_THROWS_WITH_AS(
        state.apply(R"({"type":"user","key":"1","value":{"name":7,"age":1},"headers":{"operation":"update"}})"),
        doctest::Contains("/name"), JsonError);
    CHECK_THROWS_AS(state.apply(R"({"type":"user","key":"1"})"), JsonError);
    CHECK_THROWS_AS(state.apply("7"), JsonError);

    CHECK(state.of<"user">().at("1").name == "Ada");
}

TEST_CASE("a state holds no more rows than it may") {
    Everything state(1);
    state.apply(ada);

    CHECK_THROWS_AS(state.apply(bob), StateTooLarge);
    state.apply(R"({"type":"user","key":"1","value":{"name":"Eve","age":1},"headers":{"operation":"update"}})");

    CHECK(state.size() == 1);
    CHECK(state.of<"user">().at("1").name == "Eve");
}

TEST_CASE("catching up goes on where it stopped, and names the message that it cannot read") {
    contract::on_every_store([](contract::Fixture& at) {
        auto* const store = at.store;
        Everything state;
        CHECK(state.catch_up(*store, "state").error().reason == Refusal::not_found);
        write(*store, ada);
        CHECK(state.catch_up(*store, "state").value().offset == Offset{1});
        write(*store, bob);
        CHECK(state.catch_up(*store, "state").value().offset == Offset{2});
        CHECK(state.size() == 2);

        write(*store, R"({"type":"user","key":"2","headers":{"operation":"delete"}})");
        write(*store, R"({"no":"message"})");
        CHECK_THROWS_WITH_AS((void)state.catch_up(*store, "state"), doctest::Contains("state at offset 3"),
                             CorruptEvent);

        CHECK(state.size() == 1);
    });
}

TEST_CASE("a stream that was made anew is told apart from the one that was read") {
    contract::on_every_store(contract::needs({Capability::incarnations}), [](contract::Fixture& at) {
        auto* const store = at.store;
        Everything state;
        write(*store, ada);
        (void)state.catch_up(*store, "state").value();
        (void)store->remove("state").value();
        write(*store, bob);

        CHECK(state.catch_up(*store, "state").error().reason == Refusal::bad_offset);
        state.clear();
        (void)state.catch_up(*store, "state").value();

        CHECK(state.of<"user">().count("1") == 0);
        CHECK(state.of<"user">().count("2") == 1);
    });
}

}  // namespace foldback
