#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include "store_fixture.hpp"
#include "support/environment.hpp"

/// Two requests that race, again and again. Whichever comes first, the answers and what is there afterwards are those of
/// one order of the two.
namespace foldback::contract {
namespace {

std::uint64_t rounds() { return 100 * test::number_from("FOLDBACK_ROUNDS", 1); }

/// Both begin together; their answers.
template <class One, class Other>
auto race(const One& one, const Other& other) {
    std::atomic<int> ready{0};
    const auto begin = [&] {
        for (++ready; ready < 2;) std::this_thread::yield();
    };
    std::optional<decltype(other())> theirs;
    std::thread thread([&] {
        begin();
        theirs.emplace(other());
    });
    begin();
    auto ours = one();
    thread.join();
    return std::pair(std::move(ours), std::move(*theirs));
}

/// Each race is about a stream of its own.
void race_on_every_store(const std::function<void(Fixture&, const std::string& stream)>& test) {
    for (const auto place : {Place::memory, Place::directory}) {
        LogStoreOptions options;
        options.segment_bytes = 128 * 1024;
        options.checkpoint_bytes = 8 * 1024;
        options.max_resident_streams = 4;
        Fixture fixture(place, Driven::by_threads, options);
        for (std::uint64_t i = 0; i < rounds(); ++i) test(fixture, "s" + std::to_string(i));
    }
    MESSAGE((2 * rounds()), " races");
}

CreateRequest empty(const std::string& stream) { return {.stream = stream, .config = {.content_type = json_type}}; }

}  // namespace

TEST_CASE("of two that race, an append comes before a close or is refused") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        create_json(*at.store, stream);

        const auto [appended, closed] =
            race([&] { return at.store->append({.stream = stream, .messages = json("1")}); },
                 [&] { return at.store->append({.stream = stream, .close = true}); });

        REQUIRE(closed.has_value());
        const auto info = at.store->head(stream).value();
        CHECK(info.closed);
        CHECK(closed.value().next == info.tail);
        CHECK((appended.has_value() || appended.error().reason == Refusal::closed));
        CHECK(all_messages(*at.store, stream).size() == (appended.has_value() ? 1 : 0));
    });
}

TEST_CASE("of two that race, an append comes before a deletion or is refused, and leaves nothing to the next stream") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        create_json(*at.store, stream);

        const auto [appended, removed] =
            race([&] { return at.store->append({.stream = stream, .messages = json("1")}); },
                 [&] { return at.store->remove(stream); });

        CHECK(removed.has_value());
        CHECK((appended.has_value() || appended.error().reason == Refusal::not_found));
        CHECK(answer(at.store->head(stream)) == "not_found");
        create_json(*at.store, stream);
        CHECK(all_messages(*at.store, stream).empty());
    });
}

TEST_CASE("of two that race, one creates a stream, and the other finds it there") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        const auto [one, other] =
            race([&] { return at.store->create(empty(stream)); }, [&] { return at.store->create(empty(stream)); });

        REQUIRE((one.has_value() && other.has_value()));
        CHECK(one.value().created != other.value().created);
        CHECK(one.value().info.incarnation == other.value().info.incarnation);
    });
}

TEST_CASE("of two that race, a creation comes before a deletion or makes a new and empty stream") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        create_json(*at.store, stream);
        append_json(*at.store, stream, "1");

        const auto [created, removed] =
            race([&] { return at.store->create(empty(stream)); }, [&] { return at.store->remove(stream); });

        REQUIRE((created.has_value() && removed.has_value()));
        CHECK(at.store->head(stream).has_value() == created.value().created);
        if (created.value().created) CHECK(all_messages(*at.store, stream).empty());
    });
}

TEST_CASE("of two that race, a fork has what was there when it was made, and nothing later") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        create_json(*at.store, stream);
        append_json(*at.store, stream, "1");
        const auto fork = stream + "/fork";

        const auto [appended, forked] =
            race([&] { return at.store->append({.stream = stream, .messages = json("2")}); },
                 [&] {
                     return at.store->create(
                         {.stream = fork, .config = {.content_type = {}}, .fork = ForkFrom{.source = stream}});
                 });

        REQUIRE((appended.has_value() && forked.has_value()));
        const auto seen = all_messages(*at.store, fork);
        CHECK((seen == Strings{"1"} || seen == Strings{"1", "2"}));
        CHECK(forked.value().info.tail.offset.value == seen.size());
        CHECK(all_messages(*at.store, stream) == Strings{"1", "2"});
    });
}

TEST_CASE("of two that race, a fork keeps what a deletion gives up, or there is nothing to fork") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        create_json(*at.store, stream);
        append_json(*at.store, stream, "1");
        const auto fork = stream + "/fork";

        const auto [removed, forked] =
            race([&] { return at.store->remove(stream); },
                 [&] {
                     return at.store->create(
                         {.stream = fork, .config = {.content_type = {}}, .fork = ForkFrom{.source = stream}});
                 });

        CHECK(removed.has_value());
        CHECK(answer(at.store->head(stream)) == (forked.has_value() ? "gone" : "not_found"));
        if (forked.has_value())
            CHECK(all_messages(*at.store, fork) == Strings{"1"});
        else
            CHECK(forked.error().reason == Refusal::source_not_found);
    });
}

TEST_CASE("of two that race, an expiry takes the old stream and never the one that is created anew") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        const CreateRequest request{.stream = stream,
                                    .config = {.content_type = json_type, .ttl = std::chrono::seconds{60}}};
        REQUIRE(at.store->create(request).value().created);
        append_json(*at.store, stream, "1");
        at.clock.advance(std::chrono::seconds{60});

        const auto [expired, created] =
            race([&] { return at.log->run_one(LogStore::Work::expire); }, [&] { return at.store->create(request); });

        REQUIRE(created.has_value());
        CHECK(created.value().created);
        CHECK(answer(at.store->head(stream)) == "accepted");
        CHECK(all_messages(*at.store, stream).empty());
        static_cast<void>(expired);
    });
}

TEST_CASE("of two that race with the same number of a producer, one is stored and the other is its duplicate") {
    race_on_every_store([](Fixture& at, const std::string& stream) {
        create_json(*at.store, stream);
        const auto send = [&] {
            return at.store->append({.stream = stream, .messages = json("1"), .producer = Producer{"p", 0, 0}});
        };

        const auto [one, other] = race(send, send);

        REQUIRE((one.has_value() && other.has_value()));
        CHECK(one.value().duplicate != other.value().duplicate);
        CHECK(all_messages(*at.store, stream) == Strings{"1"});
    });
}

}  // namespace foldback::contract
