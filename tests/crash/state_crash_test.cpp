#include <map>
#include <random>

#include "foldback/app/projection_runner.hpp"
#include "foldback/state/materialized_state.hpp"

#include "contract/store_fixture.hpp"
#include "killed_process.hpp"

namespace foldback::crash {
namespace {

using contract::TemporaryDirectory;

constexpr int kills = 20;
constexpr const char* state_stream = "views/sums";

/// The sum of each stream, published: it only grows, so whatever is told twice shows.
ProjectionDefinition sums() {
    ProjectionDefinition definition;
    definition.name = "sums";
    definition.schema = "CREATE TABLE sums (stream TEXT PRIMARY KEY, total INTEGER NOT NULL);";
    definition.events.categories = {"numbers"};
    definition.batch_events = 20;
    definition.state_stream = StateStream{.stream = state_stream};
    definition.apply = [rows = StateCollection<std::int64_t>(state_stream, "sum")](ReadModel& model,
                                                                                   const Delivery& delivery) {
        const auto stream = delivery.message.stream;
        model.execute("INSERT INTO sums VALUES (?, ?) ON CONFLICT DO UPDATE SET total = total + excluded.total",
                      {stream, std::stoll(std::string(delivery.message.data))});
        rows.put(model, stream, model.value<std::int64_t>("SELECT total FROM sums WHERE stream = ?", {stream}).value());
    };
    return definition;
}

/// Appends until it is killed; rebuilds all the time.
void live(const std::filesystem::path& directory, unsigned seed, const std::function<void()>& ready) {
    std::mt19937 random(seed);
    const auto store = LogStore::open(directory / "store");
    ProjectionRunner runner(*store);
    runner.add(sums(), Database::open(directory / "read.db"));
    runner.start();
    ready();
    for (int appends = 1; true; ++appends) {
        if (appends % 50 == 0) runner.start_rebuild("sums", {.swap_when_caught_up = true});
        (void)store
            ->append({.stream = "numbers/" + std::to_string(random() % 5),
                      .messages = contract::json(std::to_string(1 + random() % 9)),
                      .create_with = StreamConfig{.content_type = contract::json_type}})
            .value();
    }
}

using Totals = std::map<std::string, std::int64_t, std::less<>>;

/// What the rows must be, read from the events alone.
Totals totals_of(StreamStore& store) {
    Totals totals;
    Position from;
    while (true) {
        const auto page = store.read_feed({.from = from, .prefix = "numbers/"});
        for (const auto& event : page.messages)
            totals[std::string(event.stream)] += std::stoll(std::string(event.data));
        if (page.up_to_date) return totals;
        from = page.next;
    }
}

/// Each value that the stream tells of a key is greater than the one before.
void check_nothing_is_told_twice(StreamStore& store) {
    Totals last;
    std::optional<StreamPoint> next;
    const auto check = [&](std::string_view text) {
        const auto message = read_state_message(text);
        const auto* change = std::get_if<StateChange>(&message);
        if (change == nullptr) return;
        const auto value = from_json<std::int64_t>(change->value);
        const bool known = last.contains(change->key);
        REQUIRE(value > last[change->key]);
        CHECK((change->operation == StateOperation::update) == known);
        last[change->key] = value;
    };
    (void)detail::read_state_stream(store, state_stream, next, check).value();
}

/// Goes on after the last kill, to the end. How many events there are.
std::uint64_t check_everything(const std::filesystem::path& directory) {
    const auto store = LogStore::open(directory / "store");
    ProjectionRunner runner(*store, {.background_threads = false});
    runner.add(sums(), Database::open(directory / "read.db"));
    runner.run_until_caught_up();
    MaterializedState<StateEntity<"sum", std::int64_t>> state;
    (void)state.catch_up(*store, state_stream).value();
    CHECK(state.of<"sum">() == totals_of(*store));
    check_nothing_is_told_twice(*store);
    return store->tail().value;
}

}  // namespace

TEST_CASE(
    "a State stream that is published by a process that is killed at any instant loses nothing and says nothing "
    "twice") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const TemporaryDirectory directory;
    std::uint64_t events = 0;
    // A slow machine gets less done between two kills: it has some more of them.
    for (int round = 0; round < kills || events <= 500; ++round) {
        CAPTURE(round);
        REQUIRE(round < 20 * kills);
        const auto child_seed = static_cast<unsigned>(random());
        // By turns: at any time while it works, at any time while it opens.
        const bool works = round % 2 == 0;
        const auto work = [&](const std::function<void()>& ready) { live(directory.path(), child_seed, ready); };
        const std::chrono::microseconds delay{random() % (works ? 250'000 : 50'000)};

        REQUIRE(run_and_kill(work, delay, works));

        if (round % 5 == 4) events = check_everything(directory.path());
    }
    events = check_everything(directory.path());
    MESSAGE("seed " << seed << ", events " << events);
}

}  // namespace foldback::crash
