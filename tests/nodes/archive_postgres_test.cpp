#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <thread>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/archive.hpp"
#include "log/commit_reader.hpp"
#include "log/log_files.hpp"
#include "log/shared_log.hpp"
#include "nodes/state_text.hpp"
#include "postgres/connection.hpp"
#include "support/eventually.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

/// The archive of a log in a real database.
namespace foldback::nodes {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::PostgresServer;

constexpr std::uint64_t segment_bytes = 64 * 1024;

PostgresServer& database() {
    static PostgresServer server;
    return server;
}

struct Archived {
    [[nodiscard]] PostgresLogOptions database_options() const {
        return {.url = url, .segment_bytes = segment_bytes, .patience = 10s, .answer_timeout = 2s};
    }
    [[nodiscard]] std::unique_ptr<LogStore> node(const std::string& name) const {
        LogStoreOptions options;
        options.segment_bytes = segment_bytes;
        auto log = with_archive(open_postgres_log(database_options()), directory.path() / "archive");
        return LogStore::open_shared(std::move(log), directory.path() / name, options);
    }
    [[nodiscard]] std::shared_ptr<SharedSegments> segments() const {
        return open_postgres_segments(database_options());
    }
    [[nodiscard]] std::unique_ptr<Archiver> archiver(std::uint64_t segments_in_log) const {
        return std::make_unique<Archiver>(segments(), directory.path() / "archive",
                                          ArchiverOptions{.segments_in_log = segments_in_log, .interval = 5ms});
    }

    [[nodiscard]] bool is_archived(std::uint64_t segment) const {
        return std::filesystem::exists(directory.path() / "archive" / log::segment_name(segment));
    }

    std::string url = database().new_schema();
    test::TemporaryDirectory directory;
};

/// A process that removes what is left of the first segment, again and again.
class Removing {
public:
    explicit Removing(const Archived& log) : process_(::fork()) {
        if (process_ != 0) return;
        try {
            const auto segments = log.segments();
            while (!segments->try_lead()) {
            }
            const auto seal = segments->seal(1);
            while (true) segments->remove(seal);
        } catch (const StorageError&) {
            ::_exit(1);
        }
    }
    Removing(const Removing&) = delete;
    Removing& operator=(const Removing&) = delete;
    ~Removing() {
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    void stop() const { ::kill(process_, SIGSTOP); }
    void go_on() const { ::kill(process_, SIGCONT); }

private:
    const pid_t process_;
};

void append(StreamStore& store, const std::string& text) {
    const auto body = '"' + text + std::string(3'000, 'x') + '"';
    REQUIRE(store.append({.stream = "a", .messages = Messages::json(body).value()}).has_value());
}
void create(StreamStore& store) {
    REQUIRE(store.create({.stream = "a", .config = {.content_type = "application/json"}}).value().created);
}

/// What a node would append that has folded everything up to one of these commits.
struct Stale {
    log::LastCommit previous;
    log::Place place;
    std::string bytes;
};

std::vector<Stale> stale_appends(SharedLog& log, std::uint64_t below_segment) {
    std::vector<Stale> all;
    log::LastCommit previous;
    log.read({1, log::segment_header_bytes}, [&](const log::SharedCommit& commit) {
        const bool is_first_of_later_segment = commit.begins.has_value();
        if (commit.place.segment < below_segment && !is_first_of_later_segment)
            all.push_back({previous, commit.place, std::string(commit.bytes)});
        previous = {.place = commit.place, .crc = log::crc_of(commit.bytes)};
    });
    return all;
}

}  // namespace

TEST_CASE("a node that begins with nothing under load takes segments from the archive and ends as the others are") {
    const Archived log;
    const auto writer = log.node("writer");
    create(*writer);
    const auto archiver = log.archiver(1);
    std::atomic<int> appended{0};
    std::atomic<bool> stopping{false};
    std::thread load([&] {
        for (; !stopping; ++appended) append(*writer, std::to_string(appended));
    });
    REQUIRE(eventually([&] { return appended > 150 && log.is_archived(5); }));

    const auto late = log.node("late");
    const auto was = appended.load();
    REQUIRE(eventually([&] { return appended > was + 20; }));
    stopping = true;
    load.join();

    CHECK(late->head("a").value().tail.offset.value == static_cast<std::uint64_t>(appended));
    CHECK(state_of(*late) == state_of(*writer));
    append(*late, "from the late one");
    CHECK(state_of(*late) == state_of(*writer));
}

TEST_CASE("while segments are moved to the archive nothing can be appended in their place") {
    const Archived log;
    const auto writer = log.node("writer");
    create(*writer);
    for (int i = 0; i < 150; ++i) append(*writer, std::to_string(i));
    const auto segments = log.segments();
    REQUIRE(segments->try_lead());
    const auto last = segments->last();
    REQUIRE(last > 5);
    const auto tries = stale_appends(*open_postgres_log(log.database_options()), last - 1);
    std::atomic<bool> stopping{false};
    std::atomic<int> made{0};
    std::atomic<int> overtaken{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&] {
            const auto stale = open_postgres_log(log.database_options());
            while (!stopping) {
                for (const auto& one : tries) {
                    const auto answer =
                        stale->append({.previous = one.previous, .commit = {one.place, one.bytes}}, [] {});
                    ++(answer == SharedLog::Answer::overtaken ? overtaken : made);
                }
            }
        });
    }
    REQUIRE(eventually([&] { return overtaken > 100; }));

    Archiver archiver(segments, make_file_device(log.directory.path() / "archive"),
                      {.segments_in_log = 1, .background_thread = false});
    while (archiver.run_one()) {
    }
    const auto were = overtaken.load();
    REQUIRE(eventually([&] { return overtaken > were + 2 * static_cast<int>(tries.size()); }));
    stopping = true;
    for (auto& thread : threads) thread.join();

    CHECK(made.load() == 0);
    CHECK(segments->first_held() == last - 1);
    append(*writer, "more");
    CHECK(state_of(*log.node("late")) == state_of(*writer));
}

TEST_CASE("a removal that ends early leaves whole commits") {
    test::TemporaryDirectory directory;
    const auto url = database().new_schema();
    const PostgresLogOptions options{.url = url, .segment_bytes = 32 << 20};
    LogStoreOptions store_options;
    store_options.segment_bytes = options.segment_bytes;
    const auto writer = LogStore::open_shared(open_postgres_log(options), directory.path() / "data", store_options);
    create(*writer);
    const auto segments = open_postgres_segments(options);
    REQUIRE(segments->try_lead());
    const auto body = '"' + std::string(3'000'000, 'x') + '"';
    while (segments->last() < 2)
        REQUIRE(writer->append({.stream = "a", .messages = Messages::json(body).value()}).has_value());
    postgres::Connection session(url, 10s);
    session.run(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.byte > 10000000 THEN RAISE "
        "'enough'; END IF; RETURN OLD; END $$");
    session.run("CREATE TRIGGER refuse BEFORE DELETE ON foldback_commits FOR EACH ROW EXECUTE FUNCTION refuse()");

    const auto seal = segments->seal(1);
    CHECK_THROWS_AS(segments->remove(seal), StoreUnavailable);

    const auto epoch = segments->origin().first_segment.epoch;
    std::vector<log::Place> places;
    REQUIRE(eventually([&] { return segments->try_lead(); }));  // the database may have the session before still
    segments->read(1, [&](const log::SharedCommit& commit) {
        const auto header = log::read_commit_header(commit.bytes, epoch);
        CHECK((header && log::is_intact(commit.bytes, *header)));
        places.push_back(commit.place);
    });
    REQUIRE(places.size() > 2);
    CHECK(places.front().byte > log::segment_header_bytes);
    CHECK(places.back() == seal.place);
}

TEST_CASE("appends go on when the process that removes a segment is stopped in the middle of it") {
    const Archived log;
    {
        const auto writer = log.node("writer");
        create(*writer);
        const auto segments = log.segments();
        REQUIRE(segments->try_lead());
        while (segments->last() < 2) append(*writer, "a");
    }
    const Removing removing(log);
    postgres::Connection session(log.url, 10s);
    const auto is_in_the_middle = [&] {
        removing.stop();
        std::int64_t found = 0;
        session.run(
            "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE mode = 'ShareRowExclusiveLock' AND "
            "granted AND relation = 'foldback_commits'::regclass AND state = 'idle in transaction'",
            {}, [&](const postgres::Row& row) { found = row.number(0); });
        if (found == 0) removing.go_on();
        return found > 0;
    };
    const auto node = log.node("writer");
    REQUIRE(eventually(is_in_the_middle));

    CHECK_NOTHROW(append(*node, "b"));
}

TEST_CASE("a commit is looked for in the archive only when its segment was moved there") {
    const Archived log;
    const auto writer = log.node("writer");
    create(*writer);
    for (int i = 0; i < 150; ++i) append(*writer, std::to_string(i));
    const auto segments = log.segments();
    const auto place = log.directory.path() / "archive";
    Archiver archiver(segments, place, {.segments_in_log = 1, .background_thread = false});
    while (archiver.run_one()) {
    }
    const auto shared = with_archive(open_postgres_log(log.database_options()), place);
    std::map<std::uint64_t, log::LastCommit> firsts;
    const log::Place beginning{1, log::segment_header_bytes};
    shared->read(beginning, [&](const auto& commit) {
        firsts.try_emplace(commit.place.segment,
                           log::LastCommit{.place = commit.place, .crc = log::crc_of(commit.bytes)});
    });
    const auto held = segments->first_held();
    REQUIRE(held > 2);
    const auto differs = [&](log::LastCommit commit) {
        commit.crc ^= 1;
        return !shared->holds(commit);
    };

    CHECK(shared->holds(firsts.at(1)));
    CHECK(differs(firsts.at(1)));
    std::filesystem::remove(place / log::segment_name(1));
    CHECK_THROWS_WITH_AS((void)shared->holds(firsts.at(1)), doctest::Contains("so it is kept"), StorageError);
    CHECK(differs(firsts.at(held)));
    CHECK(differs({.place = {held + 10, log::segment_header_bytes}, .crc = 0}));
    CHECK(shared->holds(firsts.at(held)));
}

TEST_CASE("of two archivers one works, and when its session is cut it goes on or the other one does") {
    const Archived log;
    const auto writer = log.node("writer");
    create(*writer);
    const auto one = log.archiver(1);
    const auto other = log.archiver(1);
    for (std::uint64_t number = 1; number < 5; ++number) {
        for (int i = 0; i < 25; ++i) append(*writer, std::to_string(i));
        REQUIRE(eventually([&] { return log.is_archived(number); }));
        database().cut_sessions();
    }

    CHECK(state_of(*log.node("late")) == state_of(*writer));
}

}  // namespace foldback::nodes
