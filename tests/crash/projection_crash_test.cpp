#include <signal.h>

#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "foldback/app/projection_runner.hpp"

#include "contract/store_fixture.hpp"
#include "killed_process.hpp"

namespace foldback::crash {
namespace {

using contract::Strings;
using contract::TemporaryDirectory;

constexpr int kills = 24;

LogStoreOptions store_options() {
    LogStoreOptions options;
    options.segment_bytes = 512 * 1024;
    return options;
}

/// Counts down in the handlers; at zero the process is killed in the middle of a transaction.
class Fuse {
public:
    explicit Fuse(int events) : left_(events) {}
    void burn() {
        if (left_ > 0 && --left_ == 0) raise(SIGKILL);
    }

private:
    std::atomic<int> left_;
};

/// Nothing here hides a second application of an event: no key, no "or ignore". Its tables are `<name>_journal` and
/// `<name>_sums`.
ProjectionDefinition counting(const std::string& name, Fuse& fuse) {
    ProjectionDefinition definition;
    definition.name = name;
    definition.schema = "CREATE TABLE " + name +
                        "_journal (position INTEGER, stream TEXT, offset INTEGER, data TEXT);" + "CREATE TABLE " +
                        name + "_sums (stream TEXT PRIMARY KEY, events INTEGER, chain INTEGER);";
    definition.batch_events = 20;
    const auto note = "INSERT INTO " + name + "_journal VALUES (?, ?, ?, ?)";
    const auto sum = "INSERT INTO " + name + "_sums VALUES (?1, 1, ?2) ON CONFLICT (stream) DO UPDATE SET " +
                     "events = events + 1, chain = (chain * 31 + ?2) % 1000000007";
    definition.apply = [&fuse, note, sum](ReadModel& model, const Delivery& delivery) {
        const auto& event = delivery.message;
        model.execute(note, {event.position.value, event.stream, event.offset.offset.value, event.data});
        fuse.burn();
        model.execute(sum, {event.stream, std::stoll(std::string(event.data))});
    };
    return definition;
}

/// Its checkpoint moves although no event matches.
ProjectionDefinition passing_by() {
    ProjectionDefinition definition;
    definition.name = "passing_by";
    definition.events.prefixes = {"nowhere"};
    definition.apply = [](ReadModel&, const Delivery&) { std::abort(); };
    return definition;
}

/// Appends and projects until it is killed; rebuilds all the time.
void live(const std::filesystem::path& directory, unsigned seed, int fuse_events, const std::function<void()>& ready) {
    std::mt19937 random(seed);
    Fuse fuse(fuse_events);
    const auto store = LogStore::open(directory / "store", store_options());
    const auto database = Database::open(directory / "read.db");
    ProjectionRunnerOptions options;
    options.checkpoint_events = 7;
    ProjectionRunner runner(*store, options);
    runner.add(counting("plain", fuse), database);
    runner.add(counting("rebuilt", fuse), database);
    runner.add(passing_by(), database);
    runner.start();
    ready();
    auto number = store->tail().value;
    int appends = 0;
    while (true) {
        if (++appends % 16 == 0) runner.start_rebuild("rebuilt", {.swap_when_caught_up = true});
        std::string body = "[";
        for (auto count = 1 + random() % 40; count > 0; --count)
            body += std::to_string(number++) + (count > 1 ? "," : "");
        const auto stream = "s" + std::to_string(random() % 5);
        const auto appended = store->append({.stream = stream,
                                             .messages = contract::json(body + "]"),
                                             .create_with = StreamConfig{.content_type = contract::json_type}});
        (void)runner.wait_for("plain", appended.value().next_position, std::chrono::milliseconds{1});
    }
}

struct Sum {
    std::int64_t events = 0;
    std::int64_t chain = 0;
};

/// What the rows must be, read from the store alone.
void fold_the_store(StreamStore& store, Strings& journal, std::map<std::string, Sum>& sums) {
    Position from;
    while (true) {
        const auto page = store.read_feed({.from = from});
        for (const auto& event : page.messages) {
            journal.push_back(std::to_string(event.position.value) + "|" + std::string(event.stream) + "|" +
                              std::to_string(event.offset.offset.value) + "|" + std::string(event.data));
            auto& sum = sums[std::string(event.stream)];
            const auto number = std::stoll(std::string(event.data));
            sum.chain = sum.events == 0 ? number : (sum.chain * 31 + number) % 1'000'000'007;
            ++sum.events;
        }
        if (page.up_to_date) return;
        from = page.next;
    }
}

void check_rows(Database& database, const std::string& name, const Strings& expected,
                const std::map<std::string, Sum>& sums) {
    CAPTURE(name);
    Strings rows;
    std::map<std::string, Sum> found;
    database.read([&](ReadModel& model) {
        model.query("SELECT position || '|' || stream || '|' || offset || '|' || data FROM " + name +
                        "_journal ORDER BY position",
                    {}, [&](const Row& row) { rows.emplace_back(row.text(0)); });
        model.query("SELECT * FROM " + name + "_sums", {}, [&](const Row& row) {
            found[row.get<std::string>(0)] = {row.integer(1), row.integer(2)};
        });
    });
    REQUIRE(rows.size() == expected.size());
    CHECK(rows == expected);
    REQUIRE(found.size() == sums.size());
    for (const auto& [stream, sum] : sums) {
        const auto& tried = stream;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        CHECK(found[stream].events == sum.events);
        CHECK(found[stream].chain == sum.chain);
    }
}

/// Goes on after the last kill, to the end, and compares row by row. How many events there are.
std::size_t check_everything(const std::filesystem::path& directory) {
    Fuse fuse(0);
    const auto store = LogStore::open(directory / "store", store_options());
    const auto database = Database::open(directory / "read.db");
    ProjectionRunnerOptions options;
    options.background_threads = false;
    ProjectionRunner runner(*store, options);
    runner.add(counting("plain", fuse), database);
    runner.add(counting("rebuilt", fuse), database);
    runner.add(passing_by(), database);
    runner.run_until_caught_up();
    Strings expected;
    std::map<std::string, Sum> sums;
    fold_the_store(*store, expected, sums);
    for (const char* name : {"plain", "rebuilt"}) check_rows(*database, name, expected, sums);
    for (const auto& status : runner.statuses()) CHECK(status.checkpoint == store->tail());
    if (runner.rebuild_progress("rebuilt")) CHECK(runner.diff_rebuild("rebuilt").same());
    return expected.size();
}

int rounds_factor() {
    const char* text = std::getenv("FOLDBACK_ROUNDS");
    return text != nullptr ? std::max(1, std::atoi(text)) : 1;
}

}  // namespace

TEST_CASE("a projection that is killed at any instant leaves no event out and applies none twice") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const TemporaryDirectory directory;
    for (int round = 0; round < kills * rounds_factor(); ++round) {
        CAPTURE(round);
        const auto child_seed = static_cast<unsigned>(random());
        // By turns: in the middle of a transaction, at any time while it works, at any time while it opens.
        const auto kind = round % 3;
        const auto fuse = kind == 0 ? static_cast<int>(1 + random() % 3000) : 0;
        const auto work = [&](const std::function<void()>& ready) { live(directory.path(), child_seed, fuse, ready); };
        const auto delay = kind == 0
                               ? std::nullopt
                               : std::optional(std::chrono::microseconds{random() % (kind == 1 ? 250'000 : 50'000)});

        REQUIRE(run_and_kill(work, delay, kind == 1));

        if (round % 8 == 7) check_everything(directory.path());
    }
    const auto events = check_everything(directory.path());
    MESSAGE("seed " << seed << ", events " << events);
    CHECK(events > 1000);
}

}  // namespace foldback::crash
