#include "foldback/app/event_reader.hpp"

#include <doctest/doctest.h>

#include "foldback/app/repository.hpp"
#include "foldback/store/log_store.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback;

namespace {

// What an older program wrote …
struct Registered {
    std::string name;
    std::string city;
};
BOOST_DESCRIBE_STRUCT(Registered, (), (name, city))
struct FirstName {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(FirstName, (), (text))
struct LastName {
    std::string text;
};
BOOST_DESCRIBE_STRUCT(LastName, (), (text))
using OldEvent =
    Events<Named<"Registered", 1, Registered>, Named<"FirstName", 1, FirstName>, Named<"LastName", 1, LastName>>;

struct OldState {
    template <class Event>
    void apply(const Event&) {}
};

// … and what the program of today makes of it.
struct Joined {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(Joined, (), (name))
struct Moved {
    std::string city;
};
BOOST_DESCRIBE_STRUCT(Moved, (), (city))
Pieces<Joined, Moved> split(const Registered& old) {
    if (old.name.empty()) return {};
    return {Joined{old.name}, Moved{old.city}};
}

struct NameMerger {
    std::optional<std::string> first{};
    Nothing begin(const FirstName& old) {
        first = old.text;
        return {};
    }
    Joined finish(const LastName& old) { return {std::exchange(first, std::nullopt).value_or("?") + " " + old.text}; }
    [[nodiscard]] bool is_idle() const { return !first; }
};

using Event =
    Events<Named<"Joined", 1, Joined>, Named<"Moved", 1, Moved>, Retired<"Registered", Was<1, Registered, split>>,
           Retired<"FirstName", Was<1, FirstName, &NameMerger::begin>>,
           Retired<"LastName", Was<1, LastName, &NameMerger::finish>>>;
struct State {
    std::string log;
    void apply(const Joined& joined) { log += "joined " + joined.name + ";"; }
    void apply(const Moved& moved) { log += "moved " + moved.city + ";"; }
};
using Member = Aggregate<State, Event>;

/// Runs a test over a store in memory and over one on disk.
template <class Run>
void on_each_store(Run run) {
    SUBCASE("in memory") {
        const auto store = LogStore::in_memory();
        run(*store);
    }
    SUBCASE("on disk") {
        const test::TemporaryDirectory directory;
        const auto store = LogStore::open(directory.path());
        run(*store);
    }
}

Repository<Aggregate<OldState, OldEvent>> old_program(LogStore& store) { return {store, {.category = "members"}}; }

}  // namespace

TEST_CASE("pieces keep the offset of their message and get a sub-index each") {
    on_each_store([](LogStore& store) {
        const std::vector<OldEvent> events{Registered{"Ada", "London"}, Registered{"", ""},
                                           Registered{"Grace", "New York"}};
        REQUIRE(old_program(store).append("1", Offset{0}, events).has_value());

        std::string log;
        EventReader<Event> reader;
        const auto page = store.read({.stream = "members/1"}).value();
        reader.read(page, "members/1", [&](const Recorded<Event>& one) {
            log += std::string(one.event.name()) + " " + std::to_string(one.offset.value) + "." +
                   std::to_string(one.sub_index) + " from " + std::string(one.type) + ";";
        });

        CHECK(log ==
              "Joined 0.0 from Registered;Moved 0.1 from Registered;Joined 2.0 from Registered;Moved 2.1 from "
              "Registered;");
    });
}

TEST_CASE("a fold counts messages, whatever they became") {
    on_each_store([](LogStore& store) {
        const std::vector<OldEvent> events{Registered{"Ada", "London"}, Registered{"", ""}};
        REQUIRE(old_program(store).append("1", Offset{0}, events).has_value());
        const Repository<Member> members(store, {.category = "members"});

        auto member = members.load("1");
        CHECK(member.offset() == Offset{2});
        REQUIRE(members.append("1", member.offset(), std::vector<Event>{Moved{"Paris"}}).has_value());
        members.refresh("1", member);

        CHECK(member.offset() == Offset{3});
        CHECK(member.state().log == "joined Ada;moved London;moved Paris;");
    });
}

TEST_CASE("a merger remembers from one page to the next, and says when a snapshot would lose what it knows") {
    on_each_store([](LogStore& store) {
        REQUIRE(old_program(store).append("1", Offset{0}, std::vector<OldEvent>{FirstName{"Ada"}}).has_value());
        const Repository<Member> members(store, {.category = "members", .page_bytes = 1});

        auto member = members.load("1");
        CHECK(member.state().log.empty());
        CHECK(member.offset() == Offset{1});
        CHECK_FALSE(member.is_settled());
        REQUIRE(old_program(store)
                    .append("1", Offset{1}, std::vector<OldEvent>{LastName{"Lovelace"}, FirstName{"G"}, LastName{"H"}})
                    .has_value());
        members.refresh("1", member);

        CHECK(member.state().log == "joined Ada Lovelace;joined G H;");
        CHECK(member.offset() == Offset{4});
        CHECK(member.is_settled());
    });
}

TEST_CASE("the mergers of a feed's streams know nothing of each other") {
    on_each_store([](LogStore& store) {
        REQUIRE(old_program(store).append("1", Offset{0}, std::vector<OldEvent>{FirstName{"Ada"}}).has_value());
        REQUIRE(old_program(store).append("2", Offset{0}, std::vector<OldEvent>{FirstName{"Grace"}}).has_value());
        REQUIRE(old_program(store).append("1", Offset{1}, std::vector<OldEvent>{LastName{"Lovelace"}}).has_value());

        EventReader<Event> reader;
        std::string log;
        const auto feed = store.read_feed({});
        const auto read = [&](const FeedMessage& message) {
            reader.read(message, [&](const Recorded<Event>& one) {
                log += std::string(one.stream) + " " + std::get<Joined>(one.event).name + ";";
            });
        };
        for (const auto& message : feed.messages) read(message);
        CHECK_FALSE(reader.is_settled());
        REQUIRE(old_program(store).append("2", Offset{1}, std::vector<OldEvent>{LastName{"Hopper"}}).has_value());
        const auto more = store.read_feed({.from = feed.next});
        for (const auto& message : more.messages) read(message);

        CHECK(log == "members/1 Ada Lovelace;members/2 Grace Hopper;");
        CHECK(reader.is_settled());
    });
}

TEST_CASE("what comes before a corrupt event is folded when it is met") {
    on_each_store([](LogStore& store) {
        const Repository<Member> members(store, {.category = "members"});
        REQUIRE(members.append("1", Offset{0}, std::vector<Event>{Moved{"Paris"}}).has_value());
        REQUIRE(store
                    .append({.stream = "members/1",
                             .messages = Messages::json(R"({"type":"Vanished","version":1,"data":{}})").value()})
                    .has_value());

        Member member;
        CHECK_THROWS_WITH_AS(members.refresh("1", member),
                             "members/1 at offset 1: Vanished version 1: /data: unknown event type", CorruptEvent);

        CHECK(member.state().log == "moved Paris;");
        CHECK(member.offset() == Offset{1});
    });
}

TEST_CASE("a stream of bytes holds no events") {
    on_each_store([](LogStore& store) {
        const Repository<Member> members(store, {.category = "members"});
        REQUIRE(store.create({.stream = "members/1", .initial = Messages::bytes("hello")}).has_value());

        CHECK_THROWS_AS((void)members.load("1"), CorruptEvent);
    });
}
