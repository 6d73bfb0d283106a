#include "retention/enforcer.hpp"

#include <atomic>
#include <fstream>
#include <iterator>
#include <thread>

#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace std::chrono_literals;

namespace {

constexpr const char* json_type = "application/json";

/// A store in memory on a manual clock, and an enforcer driven by hand.
class Kept {
public:
    explicit Kept(RetentionRules rules, RetentionOptions options = {})
        : retention(std::move(rules)),
          store(make_store(clock)),
          enforcer(*store, clock, retention, std::move(options)) {}

    void append_json(const std::string& path, const std::string& array) {
        REQUIRE(store
                    ->append({.stream = path,
                              .messages = Messages::json(array).value(),
                              .create_with = StreamConfig{.content_type = json_type}})
                    .has_value());
    }
    void append_bytes(const std::string& path, std::string bytes) {
        REQUIRE(store
                    ->append({.stream = path,
                              .messages = Messages::bytes(std::move(bytes)),
                              .create_with = StreamConfig{.content_type = "text/plain"}})
                    .has_value());
    }
    [[nodiscard]] std::uint64_t first(const std::string& path) const { return store->head(path).value().first.value; }

    ManualClock clock;
    Retention retention;
    std::unique_ptr<LogStore> store;
    RetentionEnforcer enforcer;

private:
    static std::unique_ptr<LogStore> make_store(const Clock& clock) {
        LogStoreOptions options;
        options.clock = &clock;
        options.background_threads = false;
        options.segment_bytes = 1 << 20;
        return LogStore::in_memory(std::move(options));
    }
};

RetentionRules one_rule(RetentionRule rule) {
    RetentionRules rules;
    rules.rules.push_back(std::move(rule));
    return rules;
}

}  // namespace

TEST_SUITE("retention") {
    TEST_CASE("the newest messages stay, up to the number that is kept") {
        Kept at(one_rule({.streams = PathGlob("logs/**"), .max_messages = 2}));
        at.append_json("logs/a", "[1,2,3,4,5]");
        at.append_json("logs/b", "[1]");
        at.append_json("orders/1", "[1,2,3]");

        const auto pass = at.enforcer.run_pass();

        CHECK(pass.streams == 2);
        CHECK(pass.truncated == 1);
        CHECK(at.first("logs/a") == 3);
        CHECK(at.first("logs/b") == 0);
        CHECK(at.first("orders/1") == 0);
        CHECK(at.store->head("logs/a").value().tail.offset == Offset{5});
    }

    TEST_CASE("a byte stream keeps its last bytes, and no count applies to it") {
        Kept at(one_rule({.streams = PathGlob("**"), .max_bytes = 4, .max_messages = 1}));
        at.append_bytes("text", "0123456789");

        (void)at.enforcer.run_pass();

        CHECK(at.first("text") == 6);
    }

    TEST_CASE("the messages of a JSON stream are kept up to a number of bytes, counted exactly") {
        Kept at(one_rule({.streams = PathGlob("**"), .max_bytes = 10}));
        at.append_json("s", R"(["abc","def","ghi"])");  // 5 bytes each

        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 1);

        at.append_json("s", R"(["j"])");
        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 2);
        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 2);
    }

    TEST_CASE("what is older than the age goes, to the message") {
        Kept at(one_rule({.streams = PathGlob("**"), .max_age = 60s}));
        for (int i = 0; i < 10; ++i) {
            at.append_json("s", "[1,2]");
            at.append_bytes("t", "ab");
            at.clock.advance(10s);
        }

        (void)at.enforcer.run_pass();

        CHECK(at.first("s") == 8);  // written at 0, 10, … 90 s, now it is 100 s: from 40 s on they are young enough
        CHECK(at.first("t") == 8);
        at.clock.advance(1h);
        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 20);
        CHECK(at.first("t") == 20);
    }

    TEST_CASE("every bound holds, the tightest decides") {
        Kept at(one_rule({.streams = PathGlob("**"), .max_age = 60s, .max_bytes = 6, .max_messages = 5}));
        at.append_json("s", "[1,2,3]");
        at.clock.advance(61s);
        at.append_json("s", "[1,2,3,4,5,6,7]");

        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 5);

        at.append_json("s", R"(["abcd"])");
        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 10);
    }

    TEST_CASE("the first rule that matches counts, and a hold always does") {
        RetentionRules rules;
        rules.rules.push_back({.streams = PathGlob("logs/kept"), .max_messages = 3});
        rules.rules.push_back({.streams = PathGlob("logs/**"), .max_messages = 1});
        rules.holds.emplace_back("logs/legal/**");
        Kept at(std::move(rules));
        for (const auto* path : {"logs/kept", "logs/other", "logs/legal/1"}) at.append_json(path, "[1,2,3,4]");

        (void)at.enforcer.run_pass();

        CHECK(at.first("logs/kept") == 1);
        CHECK(at.first("logs/other") == 3);
        CHECK(at.first("logs/legal/1") == 0);
    }

    TEST_CASE("a fork keeps what it shares with a source that is truncated") {
        Kept at(one_rule({.streams = PathGlob("source"), .max_messages = 1}));
        at.append_json("source", "[1,2,3,4]");
        REQUIRE(
            at.store->create({.stream = "fork", .config = {.content_type = ""}, .fork = ForkFrom{.source = "source"}})
                .has_value());

        (void)at.enforcer.run_pass();

        CHECK(at.first("source") == 3);
        CHECK(at.first("fork") == 0);
        std::string read;
        const auto page = at.store->read({.stream = "fork"});
        for (const auto& message : page.value()) read += message.data;
        CHECK(read == "1234");
    }

    TEST_CASE("what somebody still needs stays, until it is too old for that") {
        std::optional<Offset> needed = Offset{2};
        std::vector<std::uint64_t> told;
        RetentionOptions options;
        options.needed_from = [&](const StreamInfo& info) { return info.stream == "s" ? needed : std::nullopt; };
        options.on_held_back = [&](std::uint64_t streams) { told.push_back(streams); };
        Kept at(one_rule({.streams = PathGlob("**"), .max_messages = 1, .wait_for_subscriptions = 24h}), options);
        for (const auto* path : {"other", "s"}) at.append_json(path, "[1,2,3]");
        at.clock.advance(12h);
        at.append_json("s", "[4,5,6]");

        auto pass = at.enforcer.run_pass();
        CHECK(at.first("other") == 2);
        CHECK(at.first("s") == 2);
        CHECK(pass.held_back == 1);
        needed = Offset{1};  // whoever came later does not bring back what is gone
        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 2);
        CHECK(told == std::vector<std::uint64_t>{1});

        at.clock.advance(12h + 1ms);
        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 3);
        needed.reset();
        pass = at.enforcer.run_pass();
        CHECK(at.first("s") == 5);
        CHECK(pass.held_back == 0);
        CHECK(told == std::vector<std::uint64_t>{1, 0});
    }

    TEST_CASE("a rule for everything is none for the store's own streams") {
        Kept at(one_rule({.streams = PathGlob("**"), .max_messages = 1}));
        for (const auto* path : {"__ds/subscriptions/s", "s"}) at.append_json(path, "[1,2,3]");

        CHECK(at.enforcer.run_pass().streams == 1);
        CHECK(at.first("__ds/subscriptions/s") == 0);
        CHECK(at.first("s") == 2);
    }

    TEST_CASE("a rule that waits for nobody asks nobody") {
        RetentionOptions options;
        options.needed_from = [](const StreamInfo&) { return std::optional<Offset>(Offset{0}); };
        Kept at(one_rule({.streams = PathGlob("**"), .max_messages = 1, .wait_for_subscriptions = 0h}), options);
        at.append_json("s", "[1,2,3]");

        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 2);
    }

    TEST_CASE("new rules count from the next pass on") {
        Kept at({});
        at.append_json("s", "[1,2,3]");
        (void)at.enforcer.run_pass();
        CHECK(at.first("s") == 0);

        at.retention.replace(one_rule({.streams = PathGlob("s"), .max_messages = 1}));
        (void)at.enforcer.run_pass();

        CHECK(at.first("s") == 2);
    }

    TEST_CASE("a pass reads no more than its bound and the next goes on") {
        RetentionOptions options;
        options.max_read_bytes = 1;
        Kept at(one_rule({.streams = PathGlob("**"), .max_bytes = 2}), std::move(options));
        for (const auto* path : {"a", "b", "c"}) at.append_json(path, "[1,2,3,4]");

        int passes = 1;
        while (!at.enforcer.run_pass().complete && passes < 100) ++passes;

        CHECK(passes == 3);
        for (const auto* path : {"a", "b", "c"}) CHECK(at.first(path) == 2);
    }

    TEST_CASE("space that is given up comes back") {
        Kept at(one_rule({.streams = PathGlob("logs/**"), .max_bytes = 100'000}));
        at.append_json("orders/1", R"(["stays"])");
        const std::string message(50'000, 'x');
        for (int i = 0; i < 200; ++i) at.append_json("logs/a", "[\"" + message + "\"]");
        const auto before = at.store->stats().log_bytes;
        REQUIRE(before > 10'000'000);

        (void)at.enforcer.run_pass();
        at.store->run_until_idle();

        const auto after = at.store->stats().log_bytes;
        MESSAGE("log: " << before << " bytes, after retention " << after);
        CHECK(after < before / 3);
        CHECK(at.store->stats().reclaimed_bytes > 5'000'000);
        CHECK(at.store->head("orders/1").value().first == Offset{0});
    }

    TEST_CASE("a stream that cannot be read keeps no other from its rule, and is told of") {
        const test::TemporaryDirectory folder;
        const auto& directory = folder.path();
        LogStoreOptions small;
        small.segment_bytes = 1 << 20;
        {
            const auto store = LogStore::open(directory, small);
            for (const auto* path : {"damaged", "sound"}) {
                const auto message = "[\"" + std::string(500, path[0]) + "\",2]";
                REQUIRE(store
                            ->append({.stream = path,
                                      .messages = Messages::json(message).value(),
                                      .create_with = StreamConfig{.content_type = json_type}})
                            .has_value());
            }
            // What is sealed is not read again when the store is opened.
            for (int i = 0; i < 8; ++i) {
                REQUIRE(store
                            ->append({.stream = "filler",
                                      .messages = Messages::bytes(std::string(300'000, 'x')),
                                      .create_with = StreamConfig{.content_type = "text/plain"}})
                            .has_value());
            }
        }
        {
            std::fstream file(directory / "0000000001.segment", std::ios::in | std::ios::out | std::ios::binary);
            const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
            file.seekp(static_cast<std::streamoff>(bytes.find("dddddd")) + 100);
            file.put('!');
        }
        const auto store = LogStore::open(directory, small);
        std::vector<std::string> troubles;
        RetentionOptions options;
        options.on_trouble = [&](const std::string& what) { troubles.push_back(what); };
        const Retention retention(one_rule({.streams = PathGlob("**"), .max_bytes = 1}));
        RetentionEnforcer enforcer(*store, system_clock(), retention, std::move(options));

        CHECK(enforcer.run_pass().complete);

        CHECK(store->head("sound").value().first == Offset{1});
        REQUIRE(troubles.size() == 1);
        CHECK(troubles.front().starts_with("damaged: "));
    }

    TEST_CASE("what was cut stays cut when the store is opened again") {
        const test::TemporaryDirectory folder;
        const auto& directory = folder.path();
        Retention retention(one_rule({.streams = PathGlob("s"), .max_messages = 1}));
        {
            const auto store = LogStore::open(directory);
            REQUIRE(store
                        ->append({.stream = "s",
                                  .messages = Messages::json("[1,2,3]").value(),
                                  .create_with = StreamConfig{.content_type = json_type}})
                        .has_value());
            std::atomic<bool> cut{false};
            RetentionOptions options;
            options.interval = 1ms;
            options.on_truncated = [&](const StreamPath&, Offset) { cut = true; };
            RetentionEnforcer enforcer(*store, system_clock(), retention, std::move(options));
            enforcer.start();
            while (!cut) std::this_thread::yield();
        }
        CHECK(LogStore::open(directory)->head("s").value().first == Offset{2});
    }
}
