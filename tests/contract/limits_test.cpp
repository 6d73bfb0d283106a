#include "store_fixture.hpp"

/// What the store refuses because it is too much.
namespace foldback::contract {

TEST_CASE("an append has a largest size") {
    auto options = small_files();
    options.max_append_bytes = 1000;
    on_every_store(
        [](Fixture& at) {
            create_text(*at.store, "s");

            CHECK(answer(at.store->append({.stream = "s", .messages = bytes(pattern(1001))})) == "bad_request");
            CHECK(answer(at.store->create({.stream = "t", .initial = bytes(pattern(1001))})) == "bad_request");
            CHECK(answer(at.store->append({.stream = "s", .messages = bytes(pattern(1000))})) == "accepted");
        },
        options);
}

TEST_CASE("a commit larger than a segment is stored all the same") {
    on_every_store([](Fixture& at) {
        create_text(*at.store, "s");
        const auto data = pattern(5 << 20);

        append_text(*at.store, "s", data);
        append_text(*at.store, "s", "end");

        CHECK(all_bytes(*at.store, "s") == data + "end");
    });
}

TEST_CASE("a content type has a largest size") {
    on_every_store(embedded_only("a content type is at most 256 bytes"), [](Fixture& at) {
        const StreamConfig fits{.content_type = "a/" + std::string(1022, 'b')};
        const StreamConfig too_long{.content_type = "a/" + std::string(1023, 'b')};

        CHECK(answer(at.store->create({.stream = "s", .config = too_long})) == "bad_request");
        CHECK(answer(at.store->append({.stream = "s", .messages = bytes("1"), .create_with = too_long})) ==
              "bad_request");
        CHECK(answer(at.store->create({.stream = "s", .config = fits})) == "accepted");
    });
}

TEST_CASE("many forks that repeat a long content type fit into one commit") {
    on_every_store(embedded_only("a content type is at most 256 bytes"), [](Fixture& at) {
        REQUIRE(at.store->create({.stream = "source", .config = {.content_type = "a/" + std::string(1022, 'b')}}));
        int created = 0;

        for (int i = 0; i < 300; ++i) {
            at.store->create({.stream = "fork/" + std::to_string(i),
                              .config = {.content_type = {}},
                              .fork = ForkFrom{.source = "source"}},
                             [&](const Result<Created>& result) { created += result.has_value() ? 1 : 0; });
        }
        REQUIRE(at.store->append({.stream = "source", .messages = bytes("last")}));

        CHECK(created == 300);
        CHECK_FALSE(at.log->stats().broken);
    });
}

TEST_CASE("a time to live has a largest value") {
    on_every_store(embedded_only("a time to live is at most ten years"), [](Fixture& at) {
        const auto with_ttl = [&](const char* path, std::int64_t seconds) {
            return answer(at.store->create({.stream = path, .config = {.ttl = std::chrono::seconds{seconds}}}));
        };
        constexpr std::int64_t largest = (std::int64_t{1} << 53) - 1;

        CHECK(with_ttl("a", largest) == "accepted");
        CHECK(with_ttl("b", largest + 1) == "bad_request");
        CHECK(with_ttl("b", -1) == "bad_request");
        at.clock.advance(std::chrono::hours{24 * 365 * 100});
        at.log->run_until_idle();
        CHECK(answer(at.store->head("a")) == "accepted");
    });
}

TEST_CASE("appends that would wait behind too much are refused as busy") {
    auto options = small_files();
    options.max_queued_bytes = 20'000;
    options.background_threads = false;
    ManualClock clock;
    options.clock = &clock;
    const auto store = LogStore::in_memory(options);
    create_text(*store, "s");
    Strings answers;
    const auto queue = [&] {
        store->append({.stream = "s", .messages = bytes(pattern(8'000))},
                      [&](const Result<Appended>& result) { answers.push_back(answer(result)); });
    };

    for (int i = 0; i < 4; ++i) queue();
    CHECK(answers == Strings{"busy", "busy"});
    store->run_until_idle();
    queue();
    store->run_until_idle();

    CHECK(answers == Strings{"busy", "busy", "accepted", "accepted", "accepted"});
    CHECK(store->head("s").value().tail.offset == Offset{24'000});
}

TEST_CASE("one append larger than the queue is taken when nothing else waits") {
    auto options = small_files();
    options.max_queued_bytes = 1000;
    on_every_store(
        [](Fixture& at) {
            create_text(*at.store, "s");

            CHECK(answer(at.store->append({.stream = "s", .messages = bytes(pattern(50'000))})) == "accepted");
        },
        options);
}

TEST_CASE("closing the store answers what is still queued with stopped") {
    LogStoreOptions options = small_files();
    options.background_threads = false;
    auto store = LogStore::in_memory(options);
    create_text(*store, "s");
    std::string answered;

    store->append({.stream = "s", .messages = bytes("1")},
                  [&](const Result<Appended>& result) { answered = answer(result); });
    CHECK(answered.empty());
    store.reset();

    CHECK(answered == "stopped");
}

}  // namespace foldback::contract
