#include "retention/state_compactor.hpp"

#include <array>
#include <atomic>
#include <map>
#include <random>
#include <thread>

#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"
#include "retention/enforcer.hpp"
#include "retention/state_rows.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace std::chrono_literals;

namespace {

using Rows = std::map<std::string, std::string>;

std::string change(const std::string& key, const std::string& value, const std::string& operation = "insert") {
    return R"({"type":"row","key":")" + key + R"(","value":)" + value + R"(,"headers":{"operation":")" + operation +
           R"("}})";
}
std::string removal(const std::string& key) {
    return R"({"type":"row","key":")" + key + R"(","headers":{"operation":"delete"}})";
}

/// A client's materialized state, as STATE-PROTOCOL §6 says.
void apply(Rows& rows, std::string_view text) {
    const auto message = read_state_message(text);
    if (const auto* control = std::get_if<StateControl>(&message)) {
        if (*control == StateControl::reset) rows.clear();
        return;
    }
    const auto& change = std::get<StateChange>(message);
    if (change.operation == StateOperation::remove) {
        rows.erase(change.key);
    } else {
        rows[change.key] = change.value;
    }
}

/// A State stream in a store in memory, kept to its rows.
class View {
public:
    explicit View(StateRetention state = {.from_bytes = 1000, .keep_offsets = 1h}) : store(make_store(clock)) {
        RetentionRules rules;
        rules.rules.push_back({.streams = PathGlob("**"), .state = state});
        retention.replace(std::move(rules));
        RetentionOptions options;
        options.on_trouble = [this](const std::string& what) { troubles.push_back(what); };
        enforcer = std::make_unique<RetentionEnforcer>(*store, clock, retention, std::move(options));
    }

    void write(const std::string& message) {
        REQUIRE(store
                    ->append({.stream = "view",
                              .messages = Messages::json(message).value(),
                              .create_with = StreamConfig{.content_type = "application/json"}})
                    .has_value());
    }

    /// Reads from there to the end; a refusal when that is not to be had.
    [[nodiscard]] std::optional<Refusal> follow(Rows& rows, ReadFrom& from) const {
        for (bool more = true; more;) {
            const auto page = store->read({.stream = "view", .from = from});
            if (!page) return page.error().reason;
            for (const auto& message : *page) apply(rows, message.data);
            from = page->next;
            more = !page->up_to_date;
        }
        return std::nullopt;
    }

    [[nodiscard]] Rows fresh() const {
        Rows rows;
        ReadFrom from = FromStart{};
        CHECK_FALSE(follow(rows, from));
        return rows;
    }

    ManualClock clock;
    Retention retention;
    std::vector<std::string> troubles;
    std::unique_ptr<LogStore> store;
    std::unique_ptr<RetentionEnforcer> enforcer;

private:
    static std::unique_ptr<LogStore> make_store(const Clock& clock) {
        LogStoreOptions options;
        options.clock = &clock;
        options.background_threads = false;
        return LogStore::in_memory(std::move(options));
    }
};

}  // namespace

TEST_SUITE("state rows") {
    TEST_CASE("messages of the State protocol are told apart, whatever the order of their members") {
        const auto operation_of = [](std::string_view text) {
            return std::get<StateChange>(state_message_of(text).value()).operation;
        };
        const auto control_of = [](std::string_view text) {
            return std::get<StateControl>(state_message_of(text).value());
        };
        CHECK(operation_of(change("k", "1")) == StateOperation::insert);
        CHECK(operation_of(R"( {"headers":{"txid":"1","operation":"update"},"value":null,"key":"k","type":"t"} )") ==
              StateOperation::update);
        CHECK(operation_of(removal("k")) == StateOperation::remove);
        CHECK(control_of(R"({"headers":{"control":"snapshot-start","offset":"1"}})") == StateControl::snapshot_start);
        CHECK(control_of(R"({"headers":{"control":"snapshot-end"}})") == StateControl::snapshot_end);
        CHECK(control_of(R"({"headers":{"control":"reset"}})") == StateControl::reset);
        for (const auto* other : {"1", "[]", "{}", R"({"type":"t","key":"k","value":1})",
                                  R"({"type":"t","headers":{"operation":"insert"}})",
                                  R"({"type":"t","key":"","value":1,"headers":{"operation":"insert"}})",
                                  R"({"type":"t","key":"k","headers":{"operation":"insert"}})",
                                  R"({"type":"OrderPlaced","data":{"headers":{"operation":"insert"}}})"}) {
            CAPTURE(other);
            CHECK_FALSE(state_message_of(other));
        }
    }

    TEST_CASE("a snapshot holds the current rows with their exact values") {
        StateRows rows;
        CHECK(rows.apply(change("a", "1e400")));
        CHECK(rows.apply(change("b", R"({"x":1,"x":12345678901234567890123})")));
        CHECK(rows.apply(change("a", R"("\u00e9")", "update")));
        CHECK(rows.apply(change("quote\\\"", "[]")));
        CHECK(rows.apply(removal("b")));

        const auto snapshot = rows.snapshot();
        REQUIRE(snapshot.size() == 4);
        CHECK(snapshot.front() == R"({"headers":{"control":"snapshot-start"}})");
        CHECK(snapshot[1] == R"({"type":"row","key":"a","value":"\u00e9","headers":{"operation":"insert"}})");
        CHECK(std::get<StateChange>(read_state_message(snapshot[2])).key == "quote\"");
        CHECK(snapshot.back() == R"({"headers":{"control":"snapshot-end"}})");
        CHECK(rows.apply(R"({"headers":{"control":"reset"}})"));
        CHECK(rows.snapshot().size() == 2);
        CHECK(rows.bytes() == 0);
    }
}

TEST_SUITE("state compaction") {
    TEST_CASE("a stream of many changes becomes its current rows, and a live reader sees no difference") {
        View view;
        Rows live;
        ReadFrom at = FromStart{};
        for (int i = 0; i < 200; ++i) view.write(change("k" + std::to_string(i % 5), std::to_string(i), "update"));
        view.write(removal("k0"));
        CHECK_FALSE(view.follow(live, at));
        const auto before = live;

        (void)view.enforcer->run_pass();
        CHECK_FALSE(view.follow(live, at));
        CHECK(live == before);
        CHECK(view.store->head("view").value().first == Offset{0});

        view.clock.advance(2h);
        (void)view.enforcer->run_pass();
        const auto info = view.store->head("view").value();
        CHECK(info.first == Offset{201});
        CHECK(info.tail.offset == Offset{201 + 2 + 4});
        CHECK(view.fresh() == before);
        view.write(change("new", "1"));
        CHECK_FALSE(view.follow(live, at));
        CHECK(live == view.fresh());
    }

    TEST_CASE(
        "an offset that was saved stays good for as long as was promised, then it is gone, and -1 is everything") {
        View view;
        for (int i = 0; i < 50; ++i) view.write(change("k", std::to_string(i)));
        Rows saved_rows{{"k", "9"}};
        const ReadFrom saved = Offset{10};

        (void)view.enforcer->run_pass();
        view.clock.advance(59min);
        (void)view.enforcer->run_pass();
        auto from = saved;
        auto rows = saved_rows;
        CHECK_FALSE(view.follow(rows, from));
        CHECK(rows == Rows{{"k", "49"}});

        view.clock.advance(2min);
        (void)view.enforcer->run_pass();
        from = saved;
        CHECK(view.follow(rows, from) == Refusal::truncated);
        CHECK(view.fresh() == Rows{{"k", "49"}});
    }

    TEST_CASE("no snapshot is made before enough was written, nor again without news") {
        View view({.from_bytes = 10'000, .keep_offsets = 1h});
        view.write(change("k", "1"));
        (void)view.enforcer->run_pass();
        CHECK(view.store->head("view").value().tail.offset == Offset{1});

        for (int i = 0; i < 200; ++i) view.write(change("k", std::to_string(i)));
        (void)view.enforcer->run_pass();
        const auto tail = view.store->head("view").value().tail.offset;
        CHECK(tail == Offset{201 + 3});
        for (int i = 0; i < 5; ++i) (void)view.enforcer->run_pass();
        CHECK(view.store->head("view").value().tail.offset == tail);
    }

    TEST_CASE("a stream of something else is left alone, and that is told once") {
        View view;
        for (int i = 0; i < 100; ++i) view.write(change("k", std::to_string(i)));
        view.write(R"({"type":"OrderPlaced","data":1})");
        const auto tail = view.store->head("view").value().tail.offset;
        for (int i = 0; i < 3; ++i) (void)view.enforcer->run_pass();

        CHECK(view.store->head("view").value().tail.offset == tail);
        REQUIRE(view.troubles.size() == 1);
        CHECK(view.troubles.front().find("not of the State protocol") != std::string::npos);
    }

    TEST_CASE("a closed stream keeps what it has") {
        View view;
        for (int i = 0; i < 100; ++i) view.write(change("k", std::to_string(i)));
        REQUIRE(view.store->append({.stream = "view", .close = true}).has_value());
        (void)view.enforcer->run_pass();
        CHECK(view.store->head("view").value().tail.offset == Offset{100});
    }

    TEST_CASE("a new process goes on from the snapshots that are there") {
        View view;
        for (int i = 0; i < 100; ++i) view.write(change("k" + std::to_string(i % 3), std::to_string(i)));
        (void)view.enforcer->run_pass();
        view.clock.advance(2h);
        RetentionEnforcer again(*view.store, view.clock, view.retention, {});
        (void)again.run_pass();
        CHECK(view.store->head("view").value().first == Offset{100});
        CHECK(view.fresh() == Rows{{"k0", "99"}, {"k1", "97"}, {"k2", "98"}});
    }

    TEST_CASE("whatever is written and however often it is compacted, every reader ends with the same rows") {
        const auto seed = std::random_device{}();
        CAPTURE(seed);
        std::mt19937 random(seed);
        View view({.from_bytes = 300, .keep_offsets = 10s});
        Rows truth;
        Rows live;
        ReadFrom at = FromStart{};
        for (int step = 0; step < 600; ++step) {
            const auto key = "k" + std::to_string(random() % 12);
            if (random() % 4 == 0) {
                truth.erase(key);
                view.write(removal(key));
            } else {
                truth[key] = std::to_string(step);
                view.write(change(key, truth[key], random() % 2 == 0 ? "insert" : "update"));
            }
            view.clock.advance(std::chrono::milliseconds(random() % 3'000));
            if (random() % 5 == 0) (void)view.enforcer->run_pass();
            if (random() % 7 == 0 && view.follow(live, at)) {
                live.clear();
                at = FromStart{};
                CHECK_FALSE(view.follow(live, at));
            }
        }
        CHECK(view.fresh() == truth);
        if (view.follow(live, at)) live = view.fresh();
        CHECK(live == truth);
        CHECK(view.store->head("view").value().first > Offset{0});
    }

    TEST_CASE("no change is lost that is written while a snapshot is made") {
        const auto store = LogStore::in_memory();
        Retention retention;
        RetentionRules rules;
        rules.rules.push_back(
            {.streams = PathGlob("view"), .state = StateRetention{.from_bytes = 2'000, .keep_offsets = 0s}});
        retention.replace(std::move(rules));
        RetentionEnforcer enforcer(*store, system_clock(), retention, {});
        std::atomic<bool> over{false};
        std::array<Rows, 3> written;
        std::vector<std::thread> writers;
        for (std::size_t w = 0; w < written.size(); ++w) {
            writers.emplace_back([&, w] {
                // Each key is written once, and some are removed once: nothing later mends what was lost.
                for (int i = 0; i < 600; ++i) {
                    const bool removes = i % 5 == 4;
                    const auto key = "w" + std::to_string(w) + "-" + std::to_string(removes ? i - 2 : i);
                    if (removes) {
                        written[w].erase(key);
                    } else {
                        written[w][key] = std::to_string(i);
                    }
                    const auto message = removes ? removal(key) : change(key, std::to_string(i));
                    CHECK(store
                              ->append({.stream = "view",
                                        .messages = Messages::json(message).value(),
                                        .create_with = StreamConfig{.content_type = "application/json"}})
                              .has_value());
                }
            });
        }
        std::thread compacting([&] {
            while (!over) (void)enforcer.run_pass();
        });
        for (auto& writer : writers) writer.join();
        over = true;
        compacting.join();
        // Against writers who never pause a snapshot may have to wait for them. One pass makes it, the next sees it.
        for (int i = 0; i < 3; ++i) (void)enforcer.run_pass();

        Rows truth;
        for (const auto& rows : written) truth.insert(rows.begin(), rows.end());
        Rows fresh;
        ReadFrom from = FromStart{};
        for (bool more = true; more;) {
            const auto page = store->read({.stream = "view", .from = from}).value();
            for (const auto& message : page) apply(fresh, message.data);
            from = page.next;
            more = !page.up_to_date;
        }
        CHECK(fresh == truth);
        CHECK(store->head("view").value().first > Offset{0});
    }
}
