#include "log/device.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "foldback/store/read_mode.hpp"
#include "log/faulty_device.hpp"
#include "support/temporary_directory.hpp"
#include "unit/log/log_fixture.hpp"

using namespace foldback;
using namespace foldback::log;
using namespace foldback::log::test;
using foldback::test::TemporaryDirectory;

namespace {

/// Whether a read of the file may ask not to wait. The file's first byte is in memory.
bool tells_what_is_in_memory(int descriptor) {
    char first = 0;
    const iovec piece{.iov_base = &first, .iov_len = 1};
    return ::preadv2(descriptor, &piece, 1, 0, RWF_NOWAIT) == 1;
}

/// Whether all of the file's first `size` bytes are in memory.
bool is_in_memory(int descriptor, std::size_t size) {
    const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> pages((size + page_bytes - 1) / page_bytes);
    void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
    REQUIRE(mapped != MAP_FAILED);
    REQUIRE(::mincore(mapped, size, pages.data()) == 0);
    ::munmap(mapped, size);
    return std::all_of(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; });
}

struct FileKind {
    static std::shared_ptr<LogDevice> make(const TemporaryDirectory& directory) {
        return make_file_device(directory.path() / "store");
    }
};

struct MemoryKind {
    static std::shared_ptr<LogDevice> make(const TemporaryDirectory& /*directory*/) { return make_memory_device(); }
};

struct FaultyKind {
    static std::shared_ptr<LogDevice> make(const TemporaryDirectory& /*directory*/) {
        auto device = std::make_shared<FaultyDevice>(5);
        FaultyDevice::Faults faults;
        faults.short_write = 0.5;
        device->set_faults(faults);
        return device;
    }
};

std::string read(const LogFile& file, std::uint64_t offset, std::size_t bytes) {
    std::string out(bytes, '?');
    out.resize(file.read_at(offset, std::as_writable_bytes(std::span(out))));
    return out;
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

}  // namespace

TEST_CASE_TEMPLATE("every device keeps what its contract says", Kind, FileKind, MemoryKind, FaultyKind) {
    const TemporaryDirectory directory;
    const auto device = Kind::make(directory);

    SUBCASE("a new file is empty and grows where it is written") {
        const auto file = device->open("a", LogDevice::Open::create_new);
        CHECK(file->size() == 0);
        CHECK(read(*file, 0, 10).empty());

        file->write_at(3, as_bytes("abc"));
        file->sync();

        CHECK(file->size() == 6);
        CHECK(read(*file, 0, 10) == std::string("\0\0\0abc", 6));
        CHECK(read(*file, 4, 1) == "b");
        CHECK(read(*file, 6, 1).empty());
        CHECK(read(*file, 600, 1).empty());
    }
    SUBCASE("writing over something replaces just that") {
        const auto file = device->open("a", LogDevice::Open::create_new);
        file->write_at(0, as_bytes("abcdef"));
        file->write_at(2, as_bytes("XY"));
        CHECK(read(*file, 0, 10) == "abXYef");
        file->write_at(2, as_bytes(std::string_view("\0\0", 2)));
        CHECK(read(*file, 0, 10) == std::string("ab\0\0ef", 6));
    }
    SUBCASE("reserved space reads as zeros and keeps what was written") {
        const auto file = device->open("a", LogDevice::Open::create_new);
        file->write_at(0, as_bytes("abc"));
        file->allocate(5'000'000);
        CHECK(file->size() == 5'000'000);
        CHECK(read(*file, 0, 4) == std::string("abc\0", 4));
        CHECK(is_zero(read(*file, 3, 5'000'000)));
        file->allocate(1000);
        CHECK(file->size() == 5'000'000);
    }
    SUBCASE("large writes cross every border") {
        std::string large(3'000'000, '\0');
        for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 + i / 4096);
        const auto file = device->open("a", LogDevice::Open::create_new);
        file->write_at(1'000'001, as_bytes(large));
        CHECK(read(*file, 1'000'001, large.size()) == large);
        CHECK(read(*file, 1'048'570, 100) == large.substr(48'569, 100));
        CHECK(is_zero(read(*file, 0, 1'000'001)));
    }
    SUBCASE("files are created once, opened when they are there, and listed in order") {
        static_cast<void>(device->open("b", LogDevice::Open::create_new));
        static_cast<void>(device->open("a", LogDevice::Open::create_new));
        CHECK(device->list() == std::vector<std::string>{"a", "b"});
        CHECK(error_of([&] { static_cast<void>(device->open("a", LogDevice::Open::create_new)); }) ==
              std::errc::file_exists);
        CHECK(error_of([&] { static_cast<void>(device->open("c", LogDevice::Open::read_only)); }) ==
              std::errc::no_such_file_or_directory);
        CHECK(error_of([&] { static_cast<void>(device->open("c", LogDevice::Open::read_write)); }) ==
              std::errc::no_such_file_or_directory);
        CHECK(error_of([&] { device->remove("c"); }) == std::errc::no_such_file_or_directory);
        CHECK(error_of([&] { device->rename("c", "d"); }) == std::errc::no_such_file_or_directory);
    }
    SUBCASE("a file opened for reading cannot be written") {
        write_file(*device, "a", "abc");
        const auto file = device->open("a", LogDevice::Open::read_only);
        CHECK(error_of([&] { file->write_at(0, as_bytes("x")); }) == std::errc::bad_file_descriptor);
        CHECK(read(*file, 0, 3) == "abc");
    }
    SUBCASE("an open file stays readable when another takes its name and when it is removed") {
        write_file(*device, "a", "old");
        write_file(*device, "b", "new");
        const auto old = device->open("a", LogDevice::Open::read_only);

        device->rename("b", "a");
        device->sync_directory();
        CHECK(device->list() == std::vector<std::string>{"a"});
        CHECK(read(*old, 0, 3) == "old");
        CHECK(read_file(*device, "a") == "new");

        const auto fresh = device->open("a", LogDevice::Open::read_only);
        device->remove("a");
        CHECK(device->list().empty());
        CHECK(read(*fresh, 0, 3) == "new");
    }
    SUBCASE("two openings of a file see the same contents") {
        const auto writer = device->open("a", LogDevice::Open::create_new);
        const auto reader = device->open("a", LogDevice::Open::read_only);
        writer->write_at(0, as_bytes("abc"));
        CHECK(read(*reader, 0, 3) == "abc");
    }
    SUBCASE("only one owner at a time holds the lock") {
        auto lock = device->try_lock();
        REQUIRE(lock);
        CHECK_FALSE(device->try_lock());
        lock.reset();
        CHECK(device->try_lock());
    }
}

TEST_CASE("a memory device keeps nothing for reserved space and for zeros") {
    const auto device = make_memory_device();
    const auto file = device->open("a", LogDevice::Open::create_new);

    // A thousand files of a gigabyte would not fit.
    for (int i = 0; i < 1000; ++i) {
        const auto large = device->open(std::to_string(i), LogDevice::Open::create_new);
        large->allocate(1 << 30);
        large->write_at((1 << 30) - (1 << 20), as_bytes(std::string(1 << 20, '\0')));
    }
    file->write_at(0, as_bytes("abc"));

    CHECK(read(*file, 0, 3) == "abc");
    CHECK(is_zero(read(*device->open("999", LogDevice::Open::read_only), 1 << 20, 1 << 20)));
}

TEST_CASE("a memory device is read below the written end while it is written") {
    const auto device = make_memory_device();
    const auto file = device->open("a", LogDevice::Open::create_new);
    constexpr std::uint64_t step_bytes = 100'000;
    std::atomic<std::uint64_t> written{0};
    std::thread reader([&] {
        for (std::uint64_t seen = 0; seen < 50;) {
            seen = written.load();
            if (seen == 0) continue;
            CHECK(read(*file, (seen - 1) * step_bytes, step_bytes) == std::string(step_bytes, static_cast<char>(seen)));
        }
    });
    for (std::uint64_t step = 1; step <= 50; ++step) {
        file->write_at((step - 1) * step_bytes, as_bytes(std::string(step_bytes, static_cast<char>(step))));
        written.store(step);
    }
    reader.join();
}

TEST_CASE("a file device creates the directory, for its owner only") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "deep" / "er" / "store";

    const auto device = make_file_device(path);
    write_file(*device, "a", "abc");
    const auto lock = device->try_lock();

    CHECK(mode_of(path) == 0700);
    CHECK(mode_of(directory.path() / "deep") == 0700);
    CHECK(mode_of(path / "a") == 0600);
    CHECK(mode_of(path / "LOCK") == 0600);
    CHECK(device->describe("a") == (path / "a").string());
}

TEST_CASE("a read that must not wait says so when the file's data is not in memory") {
    const TemporaryDirectory directory;
    const auto device = FileKind::make(directory);
    const auto file = device->open("cold", LogDevice::Open::create_new);
    const std::string written(64 * 1024, 'x');
    file->write_at(0, as_bytes(written));
    file->sync();
    const auto read = [&](ReadMode::Mode mode) -> std::string {
        std::string bytes(written.size(), '\0');
        const ReadMode scope(mode);
        try {
            bytes.resize(file->read_at(0, std::as_writable_bytes(std::span(bytes))));
        } catch (const NotInMemory&) {
            return "not in memory";
        }
        return bytes;
    };
    const int descriptor = ::open((directory.path() / "store/cold").c_str(), O_RDONLY);
    const bool file_system_tells = tells_what_is_in_memory(descriptor);
    bool was_cold = false;
    bool was_told = false;
    // Some kernels keep what they are asked to drop. Asking has the data fetched, now and then before the answer is given.
    for (int tries = 0; tries < 100 && !was_told; ++tries) {
        REQUIRE(::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) == 0);
        if (!is_in_memory(descriptor, written.size())) was_cold = true;
        const auto got = read(ReadMode::memory_only);
        was_told = got == "not in memory";
        if (!was_told) CHECK(got == written);
    }
    ::close(descriptor);

    CHECK(was_told == (file_system_tells && was_cold));
    CHECK(read(ReadMode::may_wait) == written);
    CHECK(read(ReadMode::memory_only) == written);
    CHECK(ReadMode::current() == ReadMode::may_wait);
}

TEST_CASE("a directory can be named with a slash at its end") {
    const TemporaryDirectory directory;

    const auto device = make_file_device(directory.path().string() + "/store/");

    CHECK(std::filesystem::is_directory(directory.path() / "store"));
    CHECK(device->describe("a") == (directory.path() / "store" / "a").string());
}

TEST_CASE("a file in the place of the directory is an error") {
    const TemporaryDirectory directory;
    std::ofstream(directory.path() / "store") << "not a directory";

    CHECK(error_of([&] { static_cast<void>(make_file_device(directory.path() / "store")); }) ==
          std::errc::not_a_directory);
}

TEST_CASE("the lock of a directory holds against another device on it") {
    const TemporaryDirectory directory;
    const auto first = make_file_device(directory.path() / "store");
    std::filesystem::create_symlink(directory.path() / "store", directory.path() / "alias");
    const auto second = make_file_device(directory.path() / "alias");
    auto lock = first->try_lock();
    REQUIRE(lock);

    CHECK_FALSE(second->try_lock());
    // Opening and closing the lock file elsewhere in the process does not end the lock.
    static_cast<void>(read_file(*first, "LOCK"));
    CHECK_FALSE(second->try_lock());
    lock.reset();

    CHECK(second->try_lock());
}

TEST_CASE("a log in a directory is there for the next process") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "store";
    std::vector<std::string> appended;
    {
        const auto opened = open_log(make_file_device(path));
        for (int i = 0; i < 60; ++i) {
            while (i % 10 == 0 && opened.log->prepare_next_segment()) {
            }
            appended.push_back("message " + std::to_string(i));
            append(*opened.log, appended.back());
        }
        CHECK(scan_payloads(*opened.log) == appended);
    }

    CHECK(open_log(make_file_device(path)).payloads == appended);
}

TEST_CASE("a directory in the place of a segment is an error") {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "store";
    append(*open_log(make_file_device(path)).log, "message 0");
    std::filesystem::remove(path / "0000000001.segment");
    std::filesystem::create_directory(path / "0000000001.segment");

    CHECK_THROWS_AS(open_log(make_file_device(path)), StorageError);
}

TEST_CASE("what was reserved and never written is skipped, what was written is not") {
    const TemporaryDirectory directory;
    const auto device = make_file_device(directory.path() / "store");
    const auto file = device->open("a", LogDevice::Open::create_new);
    file->allocate(8 << 20);
    file->write_at((4 << 20) + 100, as_bytes("x"));

    CHECK(file->next_written(0) <= (4 << 20) + 100);
    CHECK(file->next_written((4 << 20) + 100) == (4 << 20) + 100);
    const auto after = file->next_written(5 << 20);
    CHECK((after >= (8 << 20) || is_zero(read(*file, after, 8 << 20))));
    CHECK(file->next_written(9 << 20) >= (8 << 20));
}
