#include "store_fixture.hpp"

/// PROTOCOL §5.2.1.
namespace foldback::contract {
namespace {

Result<Appended> produce(Fixture& at, const Producer& producer, std::string_view body = "1") {
    return at.store->append({.stream = "s", .messages = json(body), .producer = producer});
}

}  // namespace

TEST_CASE("a producer's appends are accepted in sequence") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        for (std::uint64_t seq = 0; seq < 5; ++seq) {
            const auto appended = produce(at, {"p", 0, seq}, std::to_string(seq)).value();
            CHECK_FALSE(appended.duplicate);
            CHECK(appended.producer_seq == seq);
        }

        CHECK(all_messages(*at.store, "s") == Strings{"0", "1", "2", "3", "4"});
    });
}

TEST_CASE("a repeated append is a duplicate: nothing is added and the answer is a success") {
    on_every_store(needs({Capability::store_order}), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 0, 0}, "[1,2]"));
        REQUIRE(produce(at, {"p", 0, 1}, "3"));

        const auto last = produce(at, {"p", 0, 1}, "3").value();
        const auto older = produce(at, {"p", 0, 0}, "[1,2]").value();

        for (const auto& again : {last, older}) {
            CHECK(again.duplicate);
            CHECK(again.first.offset == Offset{3});
            CHECK(again.next.offset == Offset{3});
            CHECK(again.first_position == again.next_position);
            CHECK(again.producer_seq == 1);
        }
        CHECK(all_messages(*at.store, "s") == Strings{"1", "2", "3"});
    });
}

TEST_CASE("a gap in a producer's sequence is refused with what was due") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 0, 0}));

        const auto gap = produce(at, {"p", 0, 3});

        CHECK(answer(gap) == "sequence_gap");
        CHECK(gap.error().expected_seq == 1);
        CHECK(gap.error().received_seq == 3);
        CHECK(at.store->head("s").value().tail.offset == Offset{1});
    });
}

TEST_CASE("a new producer starts at sequence 0, in any epoch") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        const auto gap = produce(at, {"p", 0, 1});

        CHECK(answer(gap) == "sequence_gap");
        CHECK(gap.error().expected_seq == 0);
        CHECK(gap.error().received_seq == 1);
        CHECK(answer(produce(at, {"q", 7, 0})) == "accepted");
    });
}

TEST_CASE("a newer epoch takes over from sequence 0") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 0, 0}));
        REQUIRE(produce(at, {"p", 0, 1}));

        CHECK(answer(produce(at, {"p", 2, 1})) == "epoch_start");
        const auto appended = produce(at, {"p", 2, 0}).value();

        CHECK_FALSE(appended.duplicate);
        CHECK(appended.producer_seq == 0);
        CHECK(at.store->head("s").value().tail.offset == Offset{3});
    });
}

TEST_CASE("an older epoch is fenced off and told the newer one") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 3, 0}));

        const auto fenced = produce(at, {"p", 2, 0});

        CHECK(answer(fenced) == "stale_epoch");
        CHECK(fenced.error().producer_epoch == 3);
    });
}

TEST_CASE("each producer has its own sequence") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 0, 0}));
        REQUIRE(produce(at, {"p", 0, 1}));

        CHECK(answer(produce(at, {"q", 0, 0})) == "accepted");
        CHECK(answer(produce(at, {"p", 0, 2})) == "accepted");
        CHECK(answer(produce(at, {"q", 0, 2})) == "sequence_gap");
    });
}

TEST_CASE("a producer's sequence belongs to one stream") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        create_json(*at.store, "t");
        REQUIRE(produce(at, {"p", 0, 0}));

        const auto other =
            at.store->append({.stream = "t", .messages = json("1"), .producer = Producer{"p", 0, 0}}).value();

        CHECK_FALSE(other.duplicate);
    });
}

TEST_CASE("numbers up to 2^53-1 are epochs and sequences") {
    on_every_store([](Fixture& at) {
        constexpr std::uint64_t largest = (std::uint64_t{1} << 53) - 1;
        create_json(*at.store, "s");

        CHECK(answer(produce(at, {"p", largest, 0})) == "accepted");
        CHECK(answer(produce(at, {"p", largest, largest})) == "sequence_gap");
        CHECK(produce(at, {"p", largest, 0}).value().duplicate);
    });
}

TEST_CASE("an empty producer id is a bad request") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");

        CHECK(answer(produce(at, {"", 0, 0})) == "bad_request");
    });
}

TEST_CASE("producer ids are bytes") {
    on_every_store(embedded_only("a producer id is printable"), [](Fixture& at) {
        create_json(*at.store, "s");
        const std::string zero("p\0q", 3);
        REQUIRE(produce(at, {zero, 0, 0}));
        REQUIRE(produce(at, {"p", 4, 0}));
        REQUIRE(produce(at, {"\xff\xfe", 0, 0}));
        at.log->run_until_idle();

        CHECK(produce(at, {zero, 0, 0}).value().duplicate);
        CHECK(produce(at, {"\xff\xfe", 0, 0}).value().duplicate);
        CHECK(answer(produce(at, {"p", 3, 0})) == "stale_epoch");
    });
}

TEST_CASE("a duplicate succeeds whatever else it asks for") {
    on_every_store(needs({Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "s");
        const AppendRequest request{.stream = "s",
                                    .messages = json("1"),
                                    .expected = Offset{0},
                                    .producer = Producer{"p", 0, 0},
                                    .stream_seq = "5"};
        REQUIRE(at.store->append(request));

        CHECK(at.store->append(request).value().duplicate);
    });
}

TEST_CASE("a refused append leaves the producer where it was") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 0, 0}));

        const auto refused = at.store->append(
            {.stream = "s", .messages = json("2"), .expected = Offset{9}, .producer = Producer{"p", 0, 1}});

        CHECK(answer(refused) == "offset_mismatch");
        CHECK_FALSE(produce(at, {"p", 0, 1}).value().duplicate);
    });
}

TEST_CASE("content type comes before the producer, the producer before the expected offset") {
    on_every_store(not_elsewhere("an offset beyond the tail is never sent"), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 1, 0}));

        CHECK(answer(at.store->append({.stream = "s", .messages = bytes("x"), .producer = Producer{"p", 0, 0}})) ==
              "content_type");
        CHECK(answer(at.store->append(
                  {.stream = "s", .messages = json("1"), .expected = Offset{9}, .producer = Producer{"p", 0, 0}})) ==
              "stale_epoch");
    });
}

TEST_CASE("the request that closed a stream is a duplicate when repeated") {
    on_every_store([](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 0, 0}));
        const AppendRequest closing{
            .stream = "s", .messages = json("2"), .producer = Producer{"p", 0, 1}, .close = true};
        REQUIRE(at.store->append(closing).value().closed);

        const auto again = at.store->append(closing).value();

        CHECK(again.duplicate);
        CHECK(again.closed);
        CHECK(again.next.offset == Offset{2});
        CHECK(again.producer_seq == 1);
        CHECK(answer(produce(at, {"p", 0, 0})) == "closed");
        CHECK(answer(produce(at, {"p", 0, 2})) == "closed");
        CHECK(answer(produce(at, {"q", 0, 1})) == "closed");
    });
}

TEST_CASE("a producer can close without data, and repeat that") {
    on_every_store(not_elsewhere("a producer closes with a last message only"), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 0, 0}));
        const AppendRequest closing{.stream = "s", .producer = Producer{"p", 0, 1}, .close = true};

        CHECK_FALSE(at.store->append(closing).value().duplicate);
        CHECK(at.store->append(closing).value().duplicate);
        CHECK(answer(at.store->append({.stream = "s", .producer = Producer{"p", 0, 2}, .close = true})) == "closed");
        CHECK(answer(at.store->append({.stream = "s", .close = true})) == "accepted");
    });
}

TEST_CASE("the tuple that closed a stream is known after reopening") {
    on_every_directory([](Fixture& at) {
        create_json(*at.store, "s");
        create_json(*at.store, "t");
        const AppendRequest closing{
            .stream = "s", .messages = json("2"), .producer = Producer{"p", 4, 0}, .close = true};
        const AppendRequest bare{.stream = "t", .producer = Producer{"p", 0, 0}, .close = true};
        REQUIRE(at.store->append(closing));
        REQUIRE(at.store->append(bare));
        at.reopen();

        CHECK(at.store->append(closing).value().duplicate);
        CHECK(at.store->append(bare).value().duplicate);
    });
}

TEST_CASE("a stream takes so many producers and no more") {
    auto options = small_files();
    options.max_producers_per_stream = 3;
    on_every_store(
        needs_engine(),
        [](Fixture& at) {
            create_json(*at.store, "s");
            for (const char* id : {"a", "b", "c"}) REQUIRE(produce(at, {id, 0, 0}));

            CHECK(answer(produce(at, {"d", 0, 0})) == "too_many_producers");
            CHECK(answer(produce(at, {"a", 0, 1})) == "accepted");
            at.log->run_until_idle();
            CHECK(answer(produce(at, {"d", 0, 0})) == "too_many_producers");
            CHECK(answer(produce(at, {"b", 1, 0})) == "accepted");
        },
        options);
}

TEST_CASE("hundreds of producers of one stream are all remembered") {
    on_every_directory([](Fixture& at) {
        create_json(*at.store, "s");
        for (int i = 0; i < 200; ++i) REQUIRE(produce(at, {"p" + std::to_string(i), 0, 0}));
        at.log->run_until_idle();
        for (int i = 0; i < 200; i += 3) REQUIRE(produce(at, {"p" + std::to_string(i), 0, 1}));
        at.reopen();

        for (int i = 0; i < 200; ++i) {
            CHECK(produce(at, {"p" + std::to_string(i), 0, 0}).value().duplicate);
            CHECK(produce(at, {"p" + std::to_string(i), 0, 0}).value().producer_seq == (i % 3 == 0 ? 1U : 0U));
        }
    });
}

TEST_CASE("a stream created anew knows no producers of its namesake") {
    on_every_store(needs({Capability::stream_seq}), [](Fixture& at) {
        create_json(*at.store, "s");
        REQUIRE(produce(at, {"p", 5, 0}));
        REQUIRE(at.store->append({.stream = "s", .messages = json("1"), .stream_seq = "9"}));
        REQUIRE(at.store->remove("s"));
        create_json(*at.store, "s");

        CHECK_FALSE(produce(at, {"p", 0, 0}).value().duplicate);
        CHECK(answer(at.store->append({.stream = "s", .messages = json("1"), .stream_seq = "1"})) == "accepted");
    });
}

}  // namespace foldback::contract
