#include "store_fixture.hpp"

/// PROTOCOL §5.6.
namespace foldback::contract {
namespace {

void create_six(Fixture& at) {
    create_json(*at.store, "s");
    append_json(*at.store, "s", "[0,1,2]");
    append_json(*at.store, "s", "3");
    append_json(*at.store, "s", "[4,5]");
}

}  // namespace

TEST_CASE("a read yields everything from its offset on and says where it ended") {
    on_every_store([](Fixture& at) {
        create_six(at);

        const auto page = at.store->read({.stream = "s", .from = Offset{2}}).value();

        CHECK(texts(page) == Strings{"2", "3", "4", "5"});
        CHECK(page.framing == Framing::json);
        CHECK(page.content_type == json_type);
        CHECK(page.start.offset == Offset{2});
        CHECK(page.next.offset == Offset{6});
        CHECK(page.tail == page.next);
        CHECK(page.up_to_date);
        CHECK_FALSE(page.closed);
    });
}

TEST_CASE("each message says its offset, its position and when it was committed") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_json(*at.store, "other");
        append_json(*at.store, "other", "[0,0,0]");
        create_json(*at.store, "s");
        const auto first_time = at.clock.now();
        append_json(*at.store, "s", "[0,1]");
        at.clock.advance(std::chrono::seconds{5});
        append_json(*at.store, "s", "2");

        const auto page = at.store->read({.stream = "s"}).value();

        std::uint64_t number = 0;
        for (const auto& message : page) {
            CHECK(message.offset == Offset{number});
            CHECK(message.position == Position{3 + number});
            CHECK(message.committed_at == (number < 2 ? first_time : first_time + std::chrono::seconds{5}));
            ++number;
        }
        CHECK(number == 3);
    });
}

TEST_CASE("a read at the tail yields nothing and is up to date") {
    on_every_store([](Fixture& at) {
        create_six(at);

        for (const ReadFrom& from : {ReadFrom{FromTail{}}, ReadFrom{Offset{6}}}) {
            const auto page = at.store->read({.stream = "s", .from = from}).value();
            CHECK(page.runs.empty());
            CHECK(page.next.offset == Offset{6});
            CHECK(page.up_to_date);
        }
    });
}

TEST_CASE("a read of an empty stream is up to date in both directions") {
    on_every_store(needs({Capability::backward_read}), [](Fixture& at) {
        create_json(*at.store, "s");

        for (const auto direction : {Direction::forward, Direction::backward}) {
            const auto page = at.store->read({.stream = "s", .direction = direction}).value();
            CHECK(page.runs.empty());
            CHECK(page.up_to_date);
        }
    });
}

TEST_CASE("an offset beyond the tail is refused") {
    on_every_store(needs({Capability::backward_read, Capability::incarnations}), [](Fixture& at) {
        create_six(at);
        const auto tail = at.store->head("s").value().tail;

        const auto refused = at.store->read({.stream = "s", .from = Offset{7}});

        CHECK(answer(refused) == "bad_offset");
        CHECK(refused.error().tail == tail);
        CHECK(answer(at.store->read({.stream = "s", .from = Offset{7}, .direction = Direction::backward})) ==
              "bad_offset");
        CHECK(answer(at.store->read({.stream = "s", .from = StreamPoint{tail.incarnation, {7}}})) == "bad_offset");
        CHECK(answer(at.store->read({.stream = "s", .from = Offset{UINT64_MAX}})) == "bad_offset");
    });
}

TEST_CASE("a token of another incarnation is refused") {
    on_every_store(needs({Capability::incarnations}), [](Fixture& at) {
        create_six(at);
        create_json(*at.store, "other");
        const auto other = append_json(*at.store, "other", "[1,2,3]").next;
        const auto own = at.store->head("s").value().incarnation;

        CHECK(answer(at.store->read({.stream = "s", .from = other})) == "bad_offset");
        CHECK(answer(at.store->read({.stream = "s", .from = StreamPoint{{0}, {1}}})) == "bad_offset");
        CHECK(answer(at.store->read({.stream = "s", .from = StreamPoint{own, {1}}})) == "accepted");
        CHECK(answer(at.store->read({.stream = "s", .from = StreamPoint{own, {0}}})) == "accepted");
    });
}

TEST_CASE("a backward read yields the newest message first") {
    on_every_store(needs({Capability::backward_read}), [](Fixture& at) {
        create_six(at);

        const auto page = at.store->read({.stream = "s", .from = FromTail{}, .direction = Direction::backward}).value();

        CHECK(texts(page) == Strings{"5", "4", "3", "2", "1", "0"});
        CHECK(page.next.offset == Offset{0});
        CHECK(page.up_to_date);
    });
}

TEST_CASE("a backward read begins before its offset") {
    on_every_store(needs({Capability::backward_read}), [](Fixture& at) {
        create_six(at);

        const auto page =
            at.store->read({.stream = "s", .from = Offset{2}, .direction = Direction::backward, .max_messages = 1})
                .value();

        CHECK(texts(page) == Strings{"1"});
        CHECK(page.start.offset == Offset{2});
        CHECK(page.next.offset == Offset{1});
        CHECK_FALSE(page.up_to_date);
    });
}

TEST_CASE("a page takes no more messages than were asked for") {
    on_every_store([](Fixture& at) {
        create_six(at);

        const auto page = at.store->read({.stream = "s", .max_messages = 4}).value();

        CHECK(texts(page) == Strings{"0", "1", "2", "3"});
        CHECK(page.next.offset == Offset{4});
        CHECK(page.tail.offset == Offset{6});
        CHECK_FALSE(page.up_to_date);
    });
}

TEST_CASE("a page of no messages says where it would begin") {
    on_every_store([](Fixture& at) {
        create_six(at);

        const auto page = at.store->read({.stream = "s", .from = Offset{2}, .max_messages = 0}).value();

        CHECK(page.runs.empty());
        CHECK(page.start == page.next);
        CHECK(page.next.offset == Offset{2});
        CHECK_FALSE(page.up_to_date);
    });
}

TEST_CASE("a page ends before the message that would not fit, but holds at least one") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", R"(["aaaaaaaa","bbbbbbbb","cccccccc"])");

        CHECK(texts(at.store->read({.stream = "s", .max_bytes = 0}).value()).size() == 1);
        CHECK(texts(at.store->read({.stream = "s", .max_bytes = 20}).value()).size() == 1);
        CHECK(texts(at.store->read({.stream = "s", .max_bytes = 21}).value()).size() == 2);
        CHECK(texts(at.store->read({.stream = "s", .max_bytes = 32}).value()).size() == 3);
    });
}

TEST_CASE("a message larger than the limit comes alone") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        append_json(*at.store, "s", "1");
        append_json(*at.store, "s", '"' + std::string(300'000, 'x') + '"');
        append_json(*at.store, "s", "2");

        const auto first = at.store->read({.stream = "s", .max_bytes = 100}).value();
        const auto second = at.store->read({.stream = "s", .from = first.next, .max_bytes = 100}).value();
        const auto third = at.store->read({.stream = "s", .from = second.next, .max_bytes = 100}).value();

        CHECK(texts(first) == Strings{"1"});
        CHECK(second.payload_bytes() == 300'002);
        CHECK(texts(third) == Strings{"2"});
        CHECK(third.up_to_date);
    });
}

TEST_CASE("a page may outlive the store's stream and the store's next reads") {
    on_every_store(needs_engine(), [](Fixture& at) {
        create_six(at);
        auto page = at.store->read({.stream = "s"}).value();
        REQUIRE(at.store->remove("s"));
        at.log->run_until_idle();

        const auto moved = std::move(page);

        CHECK(texts(moved) == Strings{"0", "1", "2", "3", "4", "5"});
    });
}

TEST_CASE("data that has left memory is read from the log") {
    auto options = small_files();
    options.max_resident_streams = 2;
    on_every_store(
        needs_engine(),
        [](Fixture& at) {
            for (int round = 0; round < 12; ++round) {
                for (int stream = 0; stream < 10; ++stream) {
                    const auto path = "s/" + std::to_string(stream);
                    REQUIRE(at.store->append({.stream = path,
                                              .messages = json(std::to_string(round)),
                                              .create_with = StreamConfig{.content_type = json_type}}));
                }
                if (round % 3 == 0) at.log->run_one(LogStore::Work::checkpoint);
            }
            at.log->run_one(LogStore::Work::checkpoint);

            for (int stream = 0; stream < 10; ++stream) {
                CHECK(all_messages(*at.store, "s/" + std::to_string(stream)) ==
                      Strings{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"});
            }
        },
        options);
}

}  // namespace foldback::contract
