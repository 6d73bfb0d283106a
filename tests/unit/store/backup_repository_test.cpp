#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include "foldback/store/backup.hpp"
#include "unit/store/backed_store.hpp"

// What becomes of the files of a repository, and of what they are restored into.

using namespace foldback;
using namespace foldback::test;

TEST_SUITE("backup") {
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
