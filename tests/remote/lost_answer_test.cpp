#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>

#include "contract/store_fixture.hpp"
#include "remote/lossy_server.hpp"

using namespace foldback;
using test::Fate;
using test::LossyStore;

namespace {

constexpr const char* json_type = "application/json";

Messages json(std::string_view body) { return Messages::json(body).value(); }

std::string event(const std::string& id) { return R"({"type":"Noted","version":1,"id":")" + id + R"(","data":{}})"; }

void create(StreamStore& store, const char* path) {
    REQUIRE(store.create({.stream = path, .config = {.content_type = json_type}}).value().created);
}

/// The stream as it is in the engine.
std::string content(LossyStore& at, const char* path) {
    std::string text;
    const auto page = at.log->read({.stream = path}).value();
    for (const auto& message : page) text.append(message.data).append(" ");
    return text;
}

}  // namespace

TEST_CASE("an append at an expected offset whose answer is lost is made once, and reported as made") {
    LossyStore at;
    create(at.store, "s");
    REQUIRE(at.store.append({.stream = "s", .messages = json(event("a")), .expected = Offset{0}}));
    at.fates.set({Fate::done_unanswered});

    const auto appended =
        at.store
            .append({.stream = "s", .messages = json("[" + event("b") + "," + event("c") + "]"), .expected = Offset{1}})
            .value();

    CHECK(appended.first.offset == Offset{1});
    CHECK(appended.next == at.log->head("s").value().tail);
    CHECK(appended.first_position == Position{1});
    CHECK(appended.next_position == Position{3});
    CHECK(content(at, "s") == event("a") + " " + event("b") + " " + event("c") + " ");
}

TEST_CASE("an append whose request was lost is made once") {
    LossyStore at;
    create(at.store, "s");
    at.fates.set({Fate::not_done, Fate::not_done});

    CHECK(at.store.append({.stream = "s", .messages = json(event("a")), .expected = Offset{0}}).value().next.offset ==
          Offset{1});

    CHECK(content(at, "s") == event("a") + " ");
}

TEST_CASE("an append is not taken for one's own when somebody else wrote there meanwhile") {
    LossyStore at;
    create(at.store, "s");
    at.fates.set([&, first = true]() mutable {
        if (!std::exchange(first, false)) return Fate::answered;
        at.log->append({.stream = "s", .messages = json(event("of another"))}, [](const Result<Appended>&) {});
        return Fate::not_done;
    });

    const auto refused = at.store.append({.stream = "s", .messages = json(event("a")), .expected = Offset{0}});

    REQUIRE_FALSE(refused);
    CHECK(refused.error().reason == Refusal::offset_mismatch);
    CHECK(content(at, "s") == event("of another") + " ");
}

TEST_CASE("what cannot be told from somebody else's is reported as unknown, and not made again") {
    LossyStore at;
    create(at.store, "s");
    at.fates.set({Fate::done_unanswered});

    CHECK_THROWS_AS((void)at.store.append({.stream = "s", .messages = json("1"), .expected = Offset{0}}),
                    OutcomeUnknown);
    CHECK(content(at, "s") == "1 ");

    at.fates.set({Fate::done_unanswered});
    CHECK_THROWS_AS((void)at.store.append({.stream = "s", .messages = json(event("a"))}), OutcomeUnknown);
    CHECK(content(at, "s") == "1 " + event("a") + " ");
}

TEST_CASE("a producer's append is sent again, and a duplicate when it was made") {
    LossyStore at;
    create(at.store, "s");
    at.fates.set({Fate::done_unanswered, Fate::not_done});

    const auto appended =
        at.store.append({.stream = "s", .messages = json("1"), .producer = Producer{"p", 0, 0}}).value();

    CHECK(appended.duplicate);
    CHECK(content(at, "s") == "1 ");
}

TEST_CASE("of several appends whose answer is lost each part is found where it lies") {
    LossyStore at;
    create(at.store, "s");
    create(at.store, "t");
    create(at.store, "u");
    REQUIRE(at.store.append({.stream = "t", .messages = json("0")}));
    at.fates.set({Fate::done_unanswered});

    const auto appended = at.store
                              .append_all({{.stream = "t", .messages = json("[1,2]")},
                                           {.stream = "new",
                                            .messages = json(event("a")),
                                            .expected = Offset{0},
                                            .create_with = StreamConfig{.content_type = json_type}},
                                           {.stream = "u", .expected = Offset{0}},
                                           {.stream = "s", .messages = json("3")}})
                              .value();

    REQUIRE(appended.size() == 4);
    CHECK(appended[0].first.offset == Offset{1});
    CHECK(appended[0].next == at.log->head("t").value().tail);
    CHECK(appended[0].first_position == Position{1});
    CHECK(appended[1].next == at.log->head("new").value().tail);
    CHECK(appended[1].first_position == Position{3});
    CHECK(appended[2].first == appended[2].next);
    CHECK(appended[2].first_position == Position{4});
    CHECK(appended[3].next == at.log->head("s").value().tail);
    CHECK(appended[3].next_position == Position{5});
    CHECK(at.log->tail() == Position{5});
}

TEST_CASE("creating, closing, truncating and deleting are carried through, however often the answer is lost") {
    LossyStore at;
    const std::vector<Fate> losses{Fate::done_unanswered, Fate::not_done, Fate::done_unanswered};
    at.fates.set(losses);
    const auto created = at.store
                             .create({.stream = "s",
                                      .config = {.content_type = json_type},
                                      .initial = json("[" + event("a") + "," + event("b") + "]")})
                             .value();
    CHECK(created.created);
    CHECK(created.info.tail.offset == Offset{2});
    at.fates.set(losses);
    CHECK(at.store.truncate_before("s", Offset{1}).value() == Offset{1});
    at.fates.set(losses);
    CHECK(at.store.append({.stream = "s", .close = true}).value().closed);
    CHECK(content(at, "s") == event("b") + " ");
    at.fates.set(losses);
    CHECK(at.store.remove("s").has_value());
    CHECK_FALSE(at.log->head("s").has_value());
}

TEST_CASE("a server that never answers makes a write unknown or unavailable within the patience") {
    LossyStore at;
    create(at.store, "s");
    test::ServedStore impatient(
        *at.log, system_clock(),
        [&](server::RequestHandler& rest) { return std::make_unique<test::LossyHandler>(rest, at.fates); },
        {.patience = std::chrono::milliseconds(300)});
    at.fates.set([] { return Fate::not_done; });

    CHECK_THROWS_AS(
        (void)impatient.store().append({.stream = "s", .messages = json(event("a")), .expected = Offset{0}}),
        OutcomeUnknown);
    CHECK_THROWS_AS((void)HttpStore::open("http://127.0.0.1:1", {.patience = std::chrono::milliseconds(100)}),
                    StoreUnavailable);
}

TEST_CASE("writers that race over a network that loses answers lose and double nothing") {
    const char* const given = std::getenv("FOLDBACK_SEED");
    const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
    MESSAGE("FOLDBACK_SEED=", seed);
    LossyStore at;
    create(at.store, "s");
    at.fates.set([random = std::mt19937_64(seed)]() mutable {
        const auto drawn = random() % 10;
        return drawn < 2 ? Fate::done_unanswered : drawn < 4 ? Fate::not_done : Fate::answered;
    });
    constexpr int writers = 4;
    constexpr int events = 40;

    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer) {
        threads.emplace_back([&, writer] {
            for (int number = 0; number < events;) {
                const auto tail = at.store.head("s").value().tail.offset;
                const auto id = std::to_string(writer) + "." + std::to_string(number);
                const auto appended = at.store.append({.stream = "s", .messages = json(event(id)), .expected = tail});
                if (appended) {
                    ++number;
                    continue;
                }
                if (appended.error().reason != Refusal::offset_mismatch) std::abort();
            }
        });
    }
    for (auto& thread : threads) thread.join();

    std::multiset<std::string> found;
    const auto page = at.log->read({.stream = "s"}).value();
    for (const auto& message : page) found.emplace(message.data);
    CHECK(found.size() == writers * events);
    for (int writer = 0; writer < writers; ++writer) {
        for (int number = 0; number < events; ++number)
            CHECK(found.count(event(std::to_string(writer) + "." + std::to_string(number))) == 1);
    }
}
