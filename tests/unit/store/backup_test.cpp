#include "foldback/store/backup.hpp"

#include <atomic>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "log/backup_copy.hpp"
#include "unit/store/backed_store.hpp"

using namespace foldback;
using namespace foldback::test;

TEST_SUITE("backup") {
    TEST_CASE("what was backed up is restored: streams, messages, producers, forks, closures") {
        Backed at;
        at.append("orders/1", "a");
        at.append("orders/1", "b");
        REQUIRE(
            at.store
                ->append(
                    {.stream = "orders/1", .messages = Messages::json("3").value(), .producer = Producer{"p", 1, 0}})
                .has_value());
        REQUIRE(
            at.store->create({.stream = "fork", .config = {.content_type = ""}, .fork = ForkFrom{.source = "orders/1"}})
                .has_value());
        REQUIRE(at.store->append({.stream = "fork", .close = true}).has_value());
        const auto before = Backed::contents(*at.store);

        const auto report = at.backup();

        CHECK(report.backup.next_position == at.store->tail());
        CHECK(at.restored() == before);
        const auto copy = LogStore::open(at.root / "restored", at.options);
        CHECK(copy->tail() == at.store->tail());
        CHECK(copy->head("fork").value().closed);
        CHECK(copy->append(
                      {.stream = "orders/1", .messages = Messages::json("3").value(), .producer = Producer{"p", 1, 0}})
                  .value()
                  .duplicate);
        CHECK(copy->append({.stream = "orders/1", .messages = Messages::json("4").value()}).has_value());
    }

    TEST_CASE("a backup is incremental: a sealed segment is copied once") {
        Backed at;
        for (int i = 0; i < 100; ++i) at.append("s", std::to_string(i), 4000);
        const auto first = at.backup();
        CHECK(first.copied_segments >= 6);
        CHECK(first.reused_segments == 0);
        const auto then = Backed::contents(*at.store);

        at.append("s", "more");
        const auto second = at.backup();

        CHECK(second.copied_segments == 1);
        CHECK(second.reused_segments == first.copied_segments - 1);
        CHECK(second.copied_bytes < first.copied_bytes / 3);
        CHECK(at.restored() == Backed::contents(*at.store));
        CHECK(at.restored({.repository = {}, .directory = {}, .backup = first.backup.name}) == then);
        const auto all = list_backups(at.root / "repository");
        REQUIRE(all.size() == 2);
        CHECK(all[0].name == first.backup.name);
        CHECK(all[1].next_position == second.backup.next_position);
    }

    TEST_CASE("a store is restored as of a position, commits whole") {
        Backed at;
        for (int i = 0; i < 60; ++i) at.append("s", std::to_string(i), 4000);
        REQUIRE(at.store->append({.stream = "s", .messages = Messages::json("[60,61,62]").value()}).has_value());
        REQUIRE(at.store->remove("s").has_value());
        at.append("t", "later");
        (void)at.backup();
        const auto count = [](const std::string& text) { return std::count(text.begin(), text.end(), ','); };

        for (const std::uint64_t position : {1U, 17U, 59U, 60U}) {
            const auto all = at.restored({.repository = {}, .directory = {}, .up_to = Position{position}});
            REQUIRE(all.size() == 1);
            CHECK(count(all.at("s")) == static_cast<std::ptrdiff_t>(position));
            CHECK(at.report.next_position == Position{position});
            CHECK(at.report.cut);
        }
        CHECK(count(at.restored({.repository = {}, .directory = {}, .up_to = Position{62}}).at("s")) == 60);
        CHECK(count(at.restored({.repository = {}, .directory = {}, .up_to = Position{63}}).at("s")) == 63);
        CHECK_FALSE(at.restored().contains("s"));
        CHECK(problem([&] {
                  (void)at.restored({.repository = {}, .directory = {}, .up_to = Position{65}});
              }).find("no backup reaches position 65") != std::string::npos);
    }

    TEST_CASE("a restored past goes on by itself, with numbers that were never used") {
        Backed at;
        at.append("a", "1");
        at.append("b", "2");
        const auto lost = at.store->head("b").value().incarnation;
        (void)at.backup();
        (void)at.restored({.repository = {}, .directory = {}, .up_to = Position{1}});

        const auto copy = LogStore::open(at.root / "restored", at.options);
        REQUIRE(copy->create({.stream = "b"}).has_value());

        CHECK(copy->head("b").value().incarnation > lost);
        CHECK(copy->tail() == Position{1});
    }

    TEST_CASE("a store is restored as of a time") {
        Backed at;
        at.append("s", "1");
        at.clock.advance(std::chrono::hours(1));
        const auto noon = at.clock.now();
        at.append("s", "2");
        (void)at.backup();

        CHECK(at.restored({.repository = {}, .directory = {}, .before = noon}).at("s") == "\"1\",");
        CHECK(at.restored({.repository = {}, .directory = {}, .before = noon + std::chrono::milliseconds(1)}).at("s") ==
              "\"1\",\"2\",");
    }

    TEST_CASE("a moment before data was given back is restored from an older backup only") {
        Backed at;
        for (int i = 0; i < 60; ++i) at.append("gone", std::to_string(i), 4000);
        at.append("kept", "1");
        const auto early = at.backup();
        REQUIRE(at.store->remove("gone").has_value());
        at.append("kept", "2");
        at.store->run_until_idle();
        REQUIRE(at.store->stats().segments_rewritten > 0);
        at.append("kept", "3");
        const auto late = at.backup();
        at.append("kept", "4");
        at.append("kept", "5");
        const auto last = at.backup();

        // The oldest backup that reaches the moment is taken.
        CHECK(at.restored({.repository = {}, .directory = {}, .up_to = Position{30}}).at("gone").size() > 100'000);
        CHECK(at.report.backup == early.backup.name);
        CHECK(problem([&] {
                  (void)at.restored(
                      {.repository = {}, .directory = {}, .backup = late.backup.name, .up_to = Position{30}});
              }).find("older backup") != std::string::npos);
        CHECK(problem([&] {
                  (void)at.restored(
                      {.repository = {}, .directory = {}, .backup = last.backup.name, .up_to = Position{62}});
              }).find("older backup") != std::string::npos);
        const auto all =
            at.restored({.repository = {}, .directory = {}, .backup = last.backup.name, .up_to = Position{64}});
        CHECK(all.size() == 1);
        CHECK(all.at("kept") == "\"1\",\"2\",\"3\",\"4\",");
    }

    TEST_CASE("a backup under load holds every append that was acknowledged before it, and nothing out of order") {
        Backed at(false);
        std::atomic<bool> stop{false};
        std::array<std::atomic<int>, 4> acknowledged{};
        std::vector<std::thread> writers;
        for (std::size_t w = 0; w < acknowledged.size(); ++w) {
            writers.emplace_back([&, w] {
                const auto path = "load/" + std::to_string(w);
                for (int i = 0; !stop; ++i) {
                    at.append(path, std::to_string(i), 500);
                    acknowledged[w] = i + 1;
                    // What is given up makes the rewriter work beneath the backup.
                    if (i % 50 == 49) (void)at.store->truncate_before(path, Offset{static_cast<std::uint64_t>(i - 10)});
                }
            });
        }
        while (at.store->tail() < Position{2000}) std::this_thread::yield();
        for (int round = 0; round < 5; ++round) {
            std::array<int, 4> before{};
            for (std::size_t w = 0; w < before.size(); ++w) before[w] = acknowledged[w];
            (void)at.backup();
            const auto target = at.root / "restored";
            fs::remove_all(target);
            (void)restore_store({.repository = at.root / "repository", .directory = target});
            const auto copy = LogStore::open(target);
            for (std::size_t w = 0; w < before.size(); ++w) {
                const auto path = "load/" + std::to_string(w);
                const auto info = copy->head(path).value();
                CHECK(info.tail.offset.value >= static_cast<std::uint64_t>(before[w]));
                auto expected = info.first.value;
                const auto page = copy->read({.stream = path}).value();
                for (const auto& message : page) {
                    CHECK(message.offset.value == expected);
                    CHECK(message.data.substr(1, message.data.find('.') - 1) == std::to_string(expected));
                    ++expected;
                }
            }
            // Everything in it is a prefix of what the store holds: what reading the original says of the same offsets.
        }
        stop = true;
        for (auto& writer : writers) writer.join();
    }

    TEST_CASE("segments that are rewritten while few files may be open are looked at again") {
        Backed at;
        for (int i = 0; i < 300; ++i) {
            at.append("kept", std::to_string(i), 4000);
            at.append("gone", std::to_string(i), 12'000);
        }
        const auto few = make_file_device(at.root / "data", 4);
        const auto repository = make_file_device(at.root / "repository");
        bool is_told = false;
        // Told when some segments are copied, others known and closed.
        const auto rewrite = [&](const Progress& progress) {
            if (std::exchange(is_told, true)) return;
            REQUIRE(progress.done_bytes < progress.total_bytes / 2);
            REQUIRE(at.store->remove("gone").has_value());
            at.store->run_until_idle();
            REQUIRE(at.store->stats().segments_rewritten > 20);
        };

        const auto report = log::back_up(*few, *repository, rewrite, at.clock.now());

        CHECK(is_told);
        CHECK(at.restored() == Backed::contents(*at.store));
        const auto files = std::distance(fs::directory_iterator(at.root / "repository"), fs::directory_iterator());
        CHECK(static_cast<std::size_t>(files) == report.backup.segments + 1);  // and the manifest
    }
}
