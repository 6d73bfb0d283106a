#include "foldback/testing/laws.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "unit/testing/account.hpp"

using namespace foldback;
using namespace foldback::kit_test;
using namespace foldback::testing;

namespace {

struct Added {
    std::string name;
    int amount = 0;
};
BOOST_DESCRIBE_STRUCT(Added, (), (name, amount))
struct Closed {};
BOOST_DESCRIBE_STRUCT(Closed, (), ())
using Event = Events<Named<"Added", 1, Added>, Named<"Closed", 1, Closed>>;

// ---- planted faults, one aggregate each ----

int global_counter = 0;
struct CountingState {
    int number = 0;
    void apply(const Added&) {}
    void apply(const Closed&) { number = ++global_counter; }
};
BOOST_DESCRIBE_STRUCT(CountingState, (), (number))

/// The order of an unordered container becomes part of the state: another one once the state was stored and read.
struct UnorderedState {
    std::unordered_map<std::string, int> amounts;
    std::vector<std::string> closing_order;
    void apply(const Added& added) { amounts[added.name] += added.amount; }
    void apply(const Closed&) {
        closing_order.clear();
        for (const auto& [name, amount] : amounts) closing_order.push_back(name);
    }
};
BOOST_DESCRIBE_STRUCT(UnorderedState, (), (amounts, closing_order))

struct ForgetfulState {
    int total = 0;
    int pending = 0;  // not described
    void apply(const Added& added) { pending += added.amount; }
    void apply(const Closed&) { total += pending; }
};
BOOST_DESCRIBE_STRUCT(ForgetfulState, (), (total))

/// Copies share what they hold.
struct SharedCounter {
    std::shared_ptr<int> value = std::make_shared<int>(0);
};
struct SharingState {
    SharedCounter counter;
    void apply(const Added&) { ++*counter.value; }
    void apply(const Closed&) {}
};
BOOST_DESCRIBE_STRUCT(SharingState, (), (counter))

struct SkewedTime {
    int hours = 0;
    friend bool operator==(const SkewedTime&, const SkewedTime&) = default;
};
struct Waited {
    SkewedTime time;
};
BOOST_DESCRIBE_STRUCT(Waited, (), (time))
using LossyEvent = Events<Named<"Waited", 1, Waited>>;
struct WaitingState {
    void apply(const Waited&) {}
};
BOOST_DESCRIBE_STRUCT(WaitingState, (), ())

struct Partial {
    int kept = 0;
    int lost = 0;  // not described
};
BOOST_DESCRIBE_STRUCT(Partial, (), (kept))
struct PartialState {
    int sum = 0;
    void apply(const Partial& partial) { sum += partial.kept + partial.lost; }
};
BOOST_DESCRIBE_STRUCT(PartialState, (), (sum))

struct PartialInside {
    int lost = 0;  // not described, and before one that is
    int kept = 0;
};
BOOST_DESCRIBE_STRUCT(PartialInside, (), (kept))
struct InsideState {
    void apply(const PartialInside&) {}
};
BOOST_DESCRIBE_STRUCT(InsideState, (), ())

struct HiddenInPadding {
    std::int64_t kept = 0;
    bool one = false;
    bool lost = false;  // not described, and no larger than padding
    friend bool operator==(const HiddenInPadding&, const HiddenInPadding&) = default;
};
BOOST_DESCRIBE_STRUCT(HiddenInPadding, (), (kept, one))
struct PaddingState {
    void apply(const HiddenInPadding&) {}
};
BOOST_DESCRIBE_STRUCT(PaddingState, (), ())

}  // namespace

template <>
struct foldback::Codec<SharedCounter> {
    static void write(JsonWriter& writer, const SharedCounter& counter) { writer.number(std::int64_t{*counter.value}); }
    static void read(JsonReader& reader, SharedCounter& counter) {
        counter.value = std::make_shared<int>(reader.integer<int>());
    }
};
/// Stores only the hours of a day.
template <>
struct foldback::Codec<SkewedTime> {
    static void write(JsonWriter& writer, const SkewedTime& time) { writer.number(std::int64_t{time.hours % 24}); }
    static void read(JsonReader& reader, SkewedTime& time) { time.hours = reader.integer<int>(); }
};
template <>
struct foldback::testing::Arbitrary<SkewedTime> {
    static SkewedTime make(Random& random) { return {static_cast<int>(random.below(30))}; }
};

TEST_CASE("a sound aggregate keeps all laws") {
    check_laws<Account>();
    check_laws<Account>({.seed = 7,
                         .rounds = 20,
                         .next = [](const AccountState& state, Random& random) -> std::vector<AccountEvent> {
                             auto decision = open(state, Open{random_text(random)});
                             if (!decision.events().empty()) return std::move(decision).events();
                             return {Deposited{1}};
                         },
                         .idempotent = {{"open", [](const AccountState& state) { return open(state, Open{"Ada"}); }}}});
}

TEST_CASE("a state that depends on a global counter is found, in one event") {
    const auto broken = find_broken_law<Aggregate<CountingState, Event>>();

    REQUIRE(broken.has_value());
    CHECK(broken->law == "fold-is-deterministic");
    CHECK(broken->history == std::vector<std::string>{"Closed {}"});
}

TEST_CASE("the order of an unordered container in a state is found, in few events") {
    const auto broken = find_broken_law<Aggregate<UnorderedState, Event>>();

    REQUIRE(broken.has_value());
    CHECK(broken->law == "snapshot-is-the-state");
    CHECK(broken->history.size() <= 5);
    CHECK(broken->shrunk_from >= broken->history.size());
}

TEST_CASE("a member of the state that is not stored is found, in two events") {
    const auto broken = find_broken_law<Aggregate<ForgetfulState, Event>>();

    REQUIRE(broken.has_value());
    CHECK(broken->law == "snapshot-is-the-state");
    REQUIRE(broken->history.size() == 2);
    CHECK(broken->history[1] == "Closed {}");
}

TEST_CASE("a state whose copies share something is found, in one event") {
    const auto broken = find_broken_law<Aggregate<SharingState, Event>>();

    REQUIRE(broken.has_value());
    CHECK(broken->law == "chunks-are-the-whole");
    CHECK(broken->history.size() == 1);
}

TEST_CASE("a codec that loses something is found") {
    const auto broken = find_broken_law<Aggregate<WaitingState, LossyEvent>>(
        {.event = [](Random& random) { return Waited{random_value<SkewedTime>(random)}; }});

    REQUIRE(broken.has_value());
    CHECK(broken->law == "encoding-is-lossless");
    CHECK(broken->history.size() == 1);
}

TEST_CASE("a member of an event that is not described is found, by the layout or by comparison") {
    const auto seen = find_broken_law<Aggregate<PartialState, Events<Named<"Partial", 1, Partial>>>>();
    const auto inside = find_broken_law<Aggregate<InsideState, Events<Named<"PartialInside", 1, PartialInside>>>>();
    const auto compared =
        find_broken_law<Aggregate<PaddingState, Events<Named<"HiddenInPadding", 1, HiddenInPadding>>>>(
            {.event = [](Random&) { return HiddenInPadding{.lost = true}; }});

    REQUIRE(seen.has_value());
    CHECK(seen->law == "events-are-described");
    CHECK(seen->explanation.find("Partial has a member") != std::string::npos);
    REQUIRE(inside.has_value());
    CHECK(inside->law == "events-are-described");
    REQUIRE(compared.has_value());
    CHECK(compared->law == "encoding-is-lossless");
}

TEST_CASE("a command that is claimed to be idempotent and is not is found, in no events") {
    const auto broken = find_broken_law<Account>(
        {.idempotent = {{"open", [](const AccountState& state) { return open(state, Open{"Ada"}); }},
                        {"deposit", [](const AccountState&) -> Decision<AccountEvent> { return Deposited{1}; }}}});

    REQUIRE(broken.has_value());
    CHECK(broken->law == "deciding-twice-is-once");
    CHECK(broken->history.empty());
    CHECK(broken->explanation.starts_with("deposit decides something the second time:\n    Deposited {\"cents\":1}"));
}

TEST_CASE("a broken law is told with its seed and smallest history, and the seed repeats it") {
    using Forgetful = Aggregate<ForgetfulState, Event>;
    const auto broken = find_broken_law<Forgetful>({.seed = 100});
    REQUIRE(broken.has_value());

    const auto again = find_broken_law<Forgetful>({.seed = broken->seed, .rounds = 1});

    REQUIRE(again.has_value());
    CHECK(again->history == broken->history);
    const auto text = again->text();
    CHECK(text.find("the law snapshot-is-the-state does not hold") == 0);
    CHECK(text.find("seed: " + std::to_string(broken->seed)) != std::string::npos);
    CHECK(text.find("history (2 of ") != std::string::npos);
    CHECK_THROWS_AS(check_laws<Forgetful>(), TestFailure);
}
