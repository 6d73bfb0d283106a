#include "foldback/core/fingerprint.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

using namespace foldback;

namespace {

struct Paid {
    int cents = 0;
};
BOOST_DESCRIBE_STRUCT(Paid, (), (cents))
struct PaidV1 {
    int euros = 0;
};
BOOST_DESCRIBE_STRUCT(PaidV1, (), (euros))
[[maybe_unused]] Paid upcast(const PaidV1& old) { return {old.euros * 100}; }

template <class Member, unsigned version>
struct State {
    static constexpr unsigned fold_version = version;
    Member total{};
    template <class Event>
    void apply(const Event&) {}
    BOOST_DESCRIBE_CLASS(State, (), (total), (), ())
};

struct Tree {
    std::vector<Tree> children;
};
BOOST_DESCRIBE_STRUCT(Tree, (), (children))
struct Forest {
    std::vector<std::vector<Tree>> children;
};
BOOST_DESCRIBE_STRUCT(Forest, (), (children))
enum class Size { small, large };
BOOST_DESCRIBE_ENUM(Size, small, large)

using Plain = Events<Named<"Paid", 1, Paid>>;

}  // namespace

TEST_CASE("a fingerprint changes with everything that a fold depends on") {
    std::set<Fingerprint> seen;
    const auto add = [&](Fingerprint one) { CHECK(seen.insert(one).second); };

    add(fingerprint_of<Aggregate<State<int, 1>, Plain>>());
    add(fingerprint_of<Aggregate<State<long, 1>, Plain>>());
    add(fingerprint_of<Aggregate<State<int, 2>, Plain>>());
    add(fingerprint_of<Aggregate<State<int, 1>, Events<Named<"Settled", 1, Paid>>>>());
    add(fingerprint_of<Aggregate<State<int, 1>, Events<Named<"Paid", 2, Paid, Was<1, PaidV1>>>>>());
    add(fingerprint_of<Aggregate<State<int, 1>, Events<Named<"Paid", 2, Paid, Since<2>>>>>());
    add(fingerprint_of<Aggregate<State<int, 1>, Events<Named<"Paid", 1, PaidV1>>>>());
    add(fingerprint_of<Aggregate<State<int, 1>, Plain, Reading{.unknown_events = UnknownEvents::skip}>>());
    add(fingerprint_of<Aggregate<State<int, 1>, Plain, Reading{.missing_members = MissingMembers::use_default}>>());
    add(fingerprint_of<Aggregate<State<int, 1>, Events<Named<"Paid", 1, Paid>, UnknownEvent>>>());
}

TEST_CASE("a fingerprint is known while compiling and stays the same") {
    constexpr auto fingerprint = fingerprint_of<Aggregate<State<std::int32_t, 1>, Plain>>();

    CHECK(fingerprint.value == 1469396505940092626U);
}

TEST_CASE("each kind of type has a fingerprint of its own") {
    const std::set<Fingerprint> seen{schema_of<int>(),
                                     schema_of<unsigned>(),
                                     schema_of<bool>(),
                                     schema_of<float>(),
                                     schema_of<std::string>(),
                                     schema_of<std::optional<int>>(),
                                     schema_of<std::vector<int>>(),
                                     schema_of<std::array<int, 2>>(),
                                     schema_of<std::array<int, 3>>(),
                                     schema_of<std::map<std::string, int>>(),
                                     schema_of<std::map<int, int>>(),
                                     schema_of<std::pair<int, int>>(),
                                     schema_of<std::variant<std::int64_t, std::string>>(),
                                     schema_of<std::variant<std::string, std::int64_t>>(),
                                     schema_of<std::chrono::seconds>(),
                                     schema_of<std::chrono::milliseconds>(),
                                     schema_of<std::chrono::sys_seconds>(),
                                     schema_of<Size>(),
                                     schema_of<Tree>(),
                                     schema_of<Forest>(),
                                     schema_of<JsonText>()};

    CHECK(seen.size() == 21);
}
