#include "foldback/store/backup.hpp"

#include <atomic>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include <doctest/doctest.h>

#include "log/backup_copy.hpp"

using namespace foldback;

namespace {

namespace fs = std::filesystem;

constexpr const char* json_type = "application/json";

/// A store on disk with small segments, a repository beside it, and room for what is restored.
class Backed {
public:
    explicit Backed(bool by_hand = true)
        : root(fs::temp_directory_path() / ("foldback-backup-" + std::to_string(std::random_device{}()))) {
        options.segment_bytes = 128 << 10;
        options.checkpoint_bytes = 16 << 10;
        options.background_threads = !by_hand;
        options.clock = &clock;
        store = LogStore::open(root / "data", options);
    }
    ~Backed() {
        store.reset();
        fs::remove_all(root);
    }
    Backed(const Backed&) = delete;
    Backed& operator=(const Backed&) = delete;

    void append(const std::string& path, const std::string& value, std::size_t bytes = 0) {
        const auto message = "\"" + value + std::string(bytes, '.') + "\"";
        REQUIRE(store
                    ->append({.stream = path,
                              .messages = Messages::json(message).value(),
                              .create_with = StreamConfig{.content_type = json_type}})
                    .has_value());
    }

    BackupReport backup() {
        clock.advance(std::chrono::milliseconds(1000));
        return backup_store(root / "data", root / "repository", {}, clock);
    }

    /// Restores, and reads all of it.
    std::map<std::string, std::string> restored(RestoreRequest request = {}) {
        const auto target = root / "restored";
        fs::remove_all(target);
        request.repository = root / "repository";
        request.directory = target;
        report = restore_store(request);
        CHECK(verify_store(target).sound());
        const auto copy = LogStore::open(target, options);
        return contents(*copy);
    }

    static std::map<std::string, std::string> contents(LogStore& store) {
        std::map<std::string, std::string> all;
        for (const auto& info : store.list({.limit = 10'000}).streams) {
            auto& text = all[info.stream.text()];
            Offset from = info.first;
            for (bool more = true; more;) {
                const auto page = store.read({.stream = info.stream, .from = from}).value();
                for (const auto& message : page) text.append(message.data).append(",");
                more = !page.up_to_date;
                from = page.next.offset;
            }
        }
        return all;
    }

    ManualClock clock;
    fs::path root;
    LogStoreOptions options;
    std::unique_ptr<LogStore> store;
    RestoreReport report;
};

std::string problem(const std::function<void()>& work) {
    try {
        work();
    } catch (const StorageError& error) {
        return error.what();
    }
    return {};
}

void flip_byte(const fs::path& file, std::streamoff at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const char byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(at);
    stream.put(byte);
}

}  // namespace

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

    TEST_CASE("a directory that is not empty is never written into") {
        Backed at;
        at.append("s", "1");
        (void)at.backup();
        fs::create_directories(at.root / "full");
        std::ofstream(at.root / "full" / "precious") << "x";

        CHECK(problem([&] {
                  (void)restore_store({.repository = at.root / "repository", .directory = at.root / "full"});
              }).find("is not empty") != std::string::npos);
        CHECK(fs::exists(at.root / "full" / "precious"));
        CHECK_FALSE(problem([&] { (void)backup_store(at.root / "data", at.root / "data"); }).empty());
        CHECK_FALSE(problem([&] { (void)backup_store(at.root / "missing", at.root / "repository"); }).empty());
        CHECK_FALSE(problem([&] { (void)list_backups(at.root / "missing"); }).empty());
    }

    TEST_CASE("of the files in a repository only what an earlier backup left unfinished is cleared away") {
        Backed at;
        at.append("s", "1");
        fs::create_directories(at.root / "repository");
        const std::vector<std::string> left{"0000000001-00.sealed.new", "0000000001-00-x.tail.new", "x.manifest.new"};
        for (const auto& name : left) std::ofstream(at.root / "repository" / name) << "x";
        std::ofstream(at.root / "repository" / "settings.new") << "precious";

        (void)at.backup();

        for (const auto& name : left) CHECK_FALSE(fs::exists(at.root / "repository" / name));
        CHECK(fs::exists(at.root / "repository" / "settings.new"));
    }

    TEST_CASE("of two restorations into one directory the second is refused, and the first is whole") {
        Backed at;
        for (int i = 0; i < 6; ++i) at.append("s", std::to_string(i), 1'000'000);
        (void)at.backup();
        const RestoreRequest request{.repository = at.root / "repository", .directory = at.root / "restored"};
        std::promise<void> second_is_amid;
        std::promise<void> first_is_done;
        std::once_flag amid;
        const auto be_amid = [&] { std::call_once(amid, [&] { second_is_amid.set_value(); }); };
        std::string refused;
        std::thread second;

        const auto second_one = [&, done = first_is_done.get_future().share()] {
            refused = problem([&] {
                (void)restore_store(request, [&](const Progress&) {
                    be_amid();
                    done.wait();
                });
            });
            be_amid();
        };
        const auto failed = problem([&] {
            (void)restore_store(request, [&](const Progress&) {
                if (second.joinable()) return;
                second = std::thread(second_one);
                second_is_amid.get_future().wait();
            });
        });

        const bool is_whole = fs::exists(request.directory) && verify_store(request.directory).sound();
        first_is_done.set_value();
        second.join();
        CHECK(failed == "");
        CHECK(is_whole);
        CHECK(refused.find("is being restored already") != std::string::npos);
    }

    TEST_CASE("damage is found wherever it is, and nothing of it is restored") {
        Backed at;
        for (int i = 0; i < 40; ++i) at.append("s", std::to_string(i), 4000);
        (void)at.backup();
        for (const auto& entry : fs::directory_iterator(at.root / "repository")) {
            if (entry.path().filename() == "LOCK") continue;
            CAPTURE(entry.path().filename().string());
            const auto middle = static_cast<std::streamoff>(entry.file_size() / 2);
            flip_byte(entry.path(), middle);
            CHECK(problem([&] { (void)at.restored(); }).find("damaged") != std::string::npos);
            CHECK_FALSE(fs::exists(at.root / "restored"));
            CHECK_FALSE(fs::exists(at.root / "restored.restoring"));
            flip_byte(entry.path(), middle);
        }
        CHECK(at.restored().size() == 1);
    }

    TEST_CASE("a damaged store is not backed up, and its earlier backups stay") {
        Backed at;
        for (int i = 0; i < 40; ++i) at.append("s", std::to_string(i), 4000);
        const auto before = Backed::contents(*at.store);
        (void)at.backup();
        at.append("s", "more");
        at.store.reset();
        flip_byte(at.root / "data" / "0000000001.segment", 6'000);
        REQUIRE_FALSE(verify_store(at.root / "data").sound());

        CHECK_FALSE(problem([&] { (void)backup_store(at.root / "data", at.root / "other", {}, at.clock); }).empty());
        CHECK(list_backups(at.root / "other").empty());
        CHECK(at.restored() == before);
    }

    TEST_CASE("damage in the segment that is written is not taken for the end of the log") {
        Backed at;
        for (int i = 0; i < 10; ++i) at.append("s", std::to_string(i), 1000);
        at.store.reset();
        flip_byte(at.root / "data" / "0000000001.segment", 6'000);
        REQUIRE_FALSE(verify_store(at.root / "data").sound());

        CHECK(problem([&] { (void)at.backup(); }).find("damaged") != std::string::npos);
        CHECK(list_backups(at.root / "repository").empty());
    }

    TEST_CASE("what the repository has lost of a segment is copied again") {
        Backed at;
        for (int i = 0; i < 80; ++i) at.append("s", std::to_string(i), 4000);
        const auto before = Backed::contents(*at.store);
        REQUIRE(at.backup().copied_segments > 2);
        std::vector<fs::path> sealed;
        for (const auto& entry : fs::directory_iterator(at.root / "repository")) {
            if (entry.path().extension() == ".sealed") sealed.push_back(entry.path());
        }
        REQUIRE(sealed.size() >= 2);
        fs::remove(sealed[0]);
        fs::resize_file(sealed[1], 5'000);

        CHECK(at.backup().copied_segments == 3);  // and the one that is written
        CHECK(at.restored() == before);
    }

    TEST_CASE("old backups are forgotten, and what only they were made of is removed") {
        Backed at;
        for (int i = 0; i < 40; ++i) at.append("s", std::to_string(i), 4000);
        (void)at.backup();
        REQUIRE(at.store->remove("s").has_value());
        at.append("t", "1");
        at.store->run_until_idle();
        (void)at.backup();
        const auto before = Backed::contents(*at.store);

        CHECK(forget_backups(at.root / "repository", 1) > 100'000);

        CHECK(list_backups(at.root / "repository").size() == 1);
        CHECK(at.restored() == before);
        CHECK(forget_backups(at.root / "repository", 1) == 0);
    }
}
