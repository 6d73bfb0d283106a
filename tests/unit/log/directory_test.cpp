#include "log/directory.hpp"

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include <doctest/doctest.h>

#include "foldback/store/read_mode.hpp"
#include "log/log.hpp"
#include "support/temporary_directory.hpp"
#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;
using foldback::test::TemporaryDirectory;

namespace {

/// The files under `directory` that this process has open, as the kernel names them.
std::multiset<std::string> open_files_in(const std::filesystem::path& directory) {
    std::multiset<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto target = std::filesystem::read_symlink(entry.path(), gone);
        if (!gone && target.parent_path() == directory) names.insert(target.filename().string());
    }
    return names;
}

std::string read(const LogFile& file) {
    std::string bytes(64, '\0');
    bytes.resize(file.read_at(0, std::as_writable_bytes(std::span(bytes))));
    return bytes;
}

using Names = std::multiset<std::string>;

}  // namespace

TEST_CASE("of the files that are only read, those that were read last are open") {
    const TemporaryDirectory directory;
    const auto device = make_file_device(directory.path(), 2);
    std::vector<std::unique_ptr<LogFile>> files;
    for (const std::string name : {"a", "b", "c", "d"}) {
        write_file(*device, name, "in " + name);
        files.push_back(device->open(name, LogDevice::Open::read_only));
    }
    CHECK(open_files_in(directory.path()) == Names{"c", "d"});

    for (std::size_t i = 0; i < files.size(); ++i) CHECK(read(*files[i]) == "in " + std::string(1, "abcd"[i]));
    CHECK(open_files_in(directory.path()) == Names{"c", "d"});
    CHECK(files[0]->size() == 4);
    CHECK(open_files_in(directory.path()) == Names{"a", "d"});

    SUBCASE("what is being written is open beside them") {
        const auto written = device->open("e", LogDevice::Open::create_new);
        written->write_at(0, as_bytes("in e"));
        for (const auto& file : files) static_cast<void>(read(*file));
        CHECK(open_files_in(directory.path()).count("e") == 1);
        written->write_at(4, as_bytes("!"));

        written->settle();

        CHECK(open_files_in(directory.path()).count("e") == 0);
        CHECK(read(*written) == "in e!");
        CHECK(error_of([&] { written->write_at(0, as_bytes("x")); }) == std::errc::bad_file_descriptor);
    }
    SUBCASE("a file that nobody has any more is not open") {
        files.clear();
        CHECK(open_files_in(directory.path()).empty());
    }
    SUBCASE("a thread that must not wait does not open a file") {
        const ReadMode scope(ReadMode::memory_only);
        CHECK_THROWS_AS(static_cast<void>(files[1]->size()), NotInMemory);
    }
    SUBCASE("a file that is gone is an error where it is read, and the next one is not") {
        std::filesystem::remove(directory.path() / "b");
        CHECK(error_of([&] { static_cast<void>(read(*files[1])); }) == std::errc::no_such_file_or_directory);
        CHECK(read(*files[2]) == "in c");
    }
}

TEST_CASE("a closed file keeps its contents when another takes its name and when it is removed") {
    const TemporaryDirectory directory;
    const auto device = make_file_device(directory.path(), 1);
    write_file(*device, "a", "old");
    write_file(*device, "other", "other");
    const auto old = device->open("a", LogDevice::Open::read_only);
    const auto fresh = device->open("new", LogDevice::Open::create_new);
    fresh->write_at(0, as_bytes("new"));
    fresh->settle();
    const auto other = device->open("other", LogDevice::Open::read_only);
    REQUIRE(open_files_in(directory.path()) == Names{"other"});

    device->rename("new", "a");

    CHECK(read(*old) == "old");
    CHECK(read(*fresh) == "new");
    CHECK(read(*other) == "other");
    CHECK(read(*fresh) == "new");
    device->remove("a");
    CHECK(read(*other) == "other");
    CHECK(read(*fresh) == "new");
    CHECK(read(*old) == "old");
}

TEST_CASE("what opening a file again finds wrong is told with its present name") {
    const TemporaryDirectory directory;
    const auto device = make_file_device(directory.path());
    const auto file = device->open("before", LogDevice::Open::create_new);
    file->settle();
    device->rename("before", "after");
    std::filesystem::remove(directory.path() / "after");
    try {
        static_cast<void>(read(*file));
        FAIL("a file that is gone was read");
    } catch (const DeviceError& error) {
        CHECK(std::string(error.what()).find((directory.path() / "after").string()) != std::string::npos);
    }
}

TEST_CASE("a log of many segments keeps few files open, also when it is rewritten") {
    const TemporaryDirectory directory;
    const auto device = make_file_device(directory.path(), 2);
    const auto opened = open_log(device);
    std::vector<std::string> appended;
    while (opened.log->tail().segment < 12) {
        appended.push_back("message " + std::to_string(appended.size()));
        append(*opened.log, appended.back());
    }
    CHECK(open_files_in(directory.path()) == Names{"0000000012.segment", "0000000012.segment"});

    CHECK(scan_payloads(*opened.log) == appended);
    for (std::uint64_t number = 1; number < 12; ++number) {
        opened.log->publish(opened.log->finish_rewrite(opened.log->begin_rewrite(number)));
    }

    CHECK(open_files_in(directory.path()).size() <= 4);
    CHECK(scan_payloads(*opened.log).size() < appended.size());
}

TEST_CASE("many threads read more files than may be open, while names change") {
    const TemporaryDirectory directory;
    const auto device = make_file_device(directory.path(), 3);
    constexpr int count = 8;
    std::vector<std::unique_ptr<LogFile>> files;
    for (int i = 0; i < count; ++i) {
        const auto name = std::to_string(i);
        write_file(*device, name, "in " + name);
        files.push_back(device->open(name, LogDevice::Open::read_only));
    }
    std::atomic<bool> over = false;
    std::atomic<int> wrong = 0;
    std::vector<std::thread> readers;
    for (int thread = 0; thread < 3; ++thread) {
        readers.emplace_back([&, thread] {
            for (int i = thread; !over; i = (i * 5 + 3) % count) {
                if (read(*files[static_cast<std::size_t>(i)]) != "in " + std::to_string(i)) ++wrong;
            }
        });
    }
    for (int round = 0; round < 500; ++round) {
        const auto name = std::to_string(round % count);
        device->rename(name, "elsewhere");
        device->rename("elsewhere", name);
    }
    over = true;
    for (auto& reader : readers) reader.join();

    CHECK(wrong == 0);
}
