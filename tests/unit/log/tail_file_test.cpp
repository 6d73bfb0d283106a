#include "log/tail_file.hpp"

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>

#include <doctest/doctest.h>

#include "log/bytes.hpp"
#include "support/temporary_directory.hpp"
#include "unit/log/log_fixture.hpp"

namespace foldback::log::test {
namespace {

constexpr std::size_t capacity = 32 << 20;
constexpr std::size_t mebibyte = 1 << 20;

/// A file in memory that notes which bytes it is asked for, and checks that whole blocks are whole.
class NotingFile final : public LogFile {
public:
    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        read_bytes += out.size();
        std::memcpy(out.data(), contents.data() + offset, out.size());
        return out.size();
    }
    void write_at(std::uint64_t offset, std::span<const std::byte> data) override {
        std::memcpy(contents.data() + offset, data.data(), data.size());
    }
    void write_blocks(std::uint64_t offset, std::span<const std::byte> blocks) override {
        CHECK(offset % block_bytes == 0);
        CHECK(blocks.size() % block_bytes == 0);
        CHECK(reinterpret_cast<std::uintptr_t>(blocks.data()) % block_bytes == 0);
        written_blocks += blocks.size() / block_bytes;
        write_at(offset, blocks);
    }
    void settle() override { settled = true; }
    void sync() override {}
    void allocate(std::uint64_t) override {}
    std::uint64_t size() const override { return contents.size(); }

    std::string contents = std::string(capacity, '\0');
    mutable std::uint64_t read_bytes = 0;
    std::uint64_t written_blocks = 0;
    bool settled = false;
};

struct NotedTail {
    std::shared_ptr<NotingFile> file = std::make_shared<NotingFile>();
    TailFile tail{file, std::make_shared<BlockPool>(TailFile::recent_bytes)};

    void write(std::uint64_t offset, std::string_view text) { tail.write_at(offset, as_bytes(text)); }
    std::string read(std::uint64_t offset, std::size_t bytes) const {
        std::string out(bytes, '?');
        out.resize(tail.read_at(offset, std::as_writable_bytes(std::span(out))));
        return out;
    }
};

std::string noise(std::mt19937_64& random, std::size_t bytes) {
    std::string text(bytes, '\0');
    for (auto& byte : text) byte = static_cast<char>(random());
    return text;
}

}  // namespace

TEST_CASE("what is written last is read from memory") {
    NotedTail at;
    at.tail.begin(4096);
    at.write(4096, "abc");
    at.write(4099, "defg");
    at.file->read_bytes = 0;

    CHECK(at.read(4096, 7) == "abcdefg");
    CHECK(at.read(4098, 3) == "cde");
    CHECK(at.file->read_bytes == 0);
    CHECK(at.file->contents.substr(4096, 8) == std::string("abcdefg\0", 8));
}

TEST_CASE("a block that grows is written again with what it had, and zeros after its end") {
    NotedTail at;
    at.file->contents.replace(8192, 10, "0123456789");

    at.tail.begin(8195);
    at.write(8195, "x");

    CHECK(at.file->written_blocks == 1);
    CHECK(at.file->contents.substr(8192, 10) == std::string("012x\0\0\0\0\0\0", 10));
    CHECK(at.read(8192, 4) == "012x");
}

TEST_CASE("before writing begins and after it is over, the file is itself") {
    NotedTail at;
    at.write(10, "header");
    CHECK(at.file->written_blocks == 0);
    CHECK(at.read(10, 6) == "header");

    at.tail.begin(4096);
    at.write(4096, "abc");
    at.tail.settle();
    at.file->contents[4096] = 'A';

    CHECK(at.file->settled);
    CHECK(at.read(4096, 3) == "Abc");
}

TEST_CASE("what is written ahead lacks its first block, and is not read before it is complete") {
    NotedTail at;
    at.tail.begin(4100);
    std::mt19937_64 random(1);
    const auto text = noise(random, 9000);
    const auto room = at.tail.room(text.size());
    std::memcpy(room.data(), text.data(), text.size());

    at.tail.write_ahead(room, 56);
    CHECK(at.file->written_blocks == 2);
    CHECK(at.file->contents.substr(4100, 4092) == std::string(4092, '\0'));
    CHECK(at.file->contents.substr(8192, 4908) == text.substr(4092));
    at.tail.write_at(4100, room);

    CHECK(at.file->written_blocks == 3);
    CHECK(at.file->contents.substr(4100, text.size() + 1) == text + '\0');
    CHECK(at.read(4100, text.size()) == text);
}

TEST_CASE("something else is written where something was written ahead") {
    NotedTail at;
    at.tail.begin(4096);
    std::mt19937_64 random(2);
    const auto text = noise(random, 9000);
    const auto room = at.tail.room(10'000);
    std::memset(room.data(), 'a', room.size());
    at.tail.write_ahead(room, 56);

    at.write(4096, text);
    at.write(13'096, "end");

    CHECK(at.file->contents.substr(4096, 9003) == text + "end");
    CHECK(at.read(4096, 9003) == text + "end");
}

TEST_CASE("what fits in a block, or lies in memory of its own, is not written ahead") {
    NotedTail at;
    at.tail.begin(4096);
    const std::string own(9000, 'o');

    at.tail.write_ahead(at.tail.room(100), 56);
    at.tail.write_ahead(as_bytes(own), 56);

    CHECK(at.file->written_blocks == 0);
}

TEST_CASE("a write elsewhere than at the end is refused and changes nothing") {
    NotedTail at;
    at.tail.begin(4096);
    at.write(4096, "abc");

    CHECK_THROWS_AS(at.write(4098, "x"), std::logic_error);
    CHECK_THROWS_AS(at.write(5000, "x"), std::logic_error);

    CHECK(at.file->contents.substr(4096, 4) == std::string("abc\0", 4));
}

TEST_CASE("what is kept in memory is bounded, and the rest is read from the file") {
    NotedTail at;
    at.tail.begin(4096);
    for (std::size_t i = 0; i < 20; ++i)
        at.write(4096 + i * mebibyte, std::string(mebibyte, static_cast<char>('a' + i)));
    at.file->read_bytes = 0;

    CHECK(at.read(4096 + 12 * mebibyte, 8 * mebibyte).front() == 'm');
    CHECK(at.file->read_bytes == 0);
    CHECK(at.read(4096, mebibyte) == std::string(mebibyte, 'a'));
    CHECK(at.file->read_bytes == mebibyte);
    const auto both = at.read(4096 + 5 * mebibyte, 14 * mebibyte);
    for (std::size_t i = 0; i < 14; ++i) CHECK(both[i * mebibyte] == static_cast<char>('f' + i));
    // Memory is dropped in pieces of 2 MiB.
    CHECK(at.file->read_bytes >= 6 * mebibyte);
    CHECK(at.file->read_bytes <= 8 * mebibyte);
}

TEST_CASE("what is built in the memory that the file lends is written from there") {
    NotedTail at;
    at.tail.begin(4096);
    at.write(4096, "abc");

    const auto room = at.tail.room(5000);
    REQUIRE(room.size() == 5000);
    std::memset(room.data(), 'x', 4000);
    CHECK(at.read(4096, 10) == std::string("abc\0\0\0\0\0\0\0", 10));
    at.tail.write_at(4099, room.first(4000));

    CHECK(at.read(4096, 4003) == "abc" + std::string(4000, 'x'));
    CHECK(at.file->contents.substr(4096, 4004) == "abc" + std::string(4000, 'x') + std::string(1, '\0'));
}

TEST_CASE("memory that was lent may be left unused") {
    NotedTail at;
    at.tail.begin(4096);
    const auto unused = at.tail.room(3 * mebibyte);
    std::memset(unused.data(), 'x', unused.size());

    at.write(4096, "abc");

    CHECK(at.read(4096, 3) == "abc");
    CHECK(at.file->contents.substr(4096, 4) == std::string("abc\0", 4));
}

TEST_CASE("reads of any place and size see what was written, in writes of any size") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    NotedTail at;
    auto end = std::size_t{4096 + random() % 5000};
    at.file->contents.replace(0, end, noise(random, end));
    auto expected = at.file->contents;
    at.tail.begin(end);

    while (end < 24 * mebibyte) {
        const auto largest = random() % 8 == 0 ? 3 * mebibyte : random() % 2 == 0 ? 40'000 : 300;
        const auto text = noise(random, 1 + random() % largest);
        at.write(end, text);
        expected.replace(end, text.size(), text);
        end += text.size();
        const auto from = random() % 4 == 0 ? random() % end : end - std::min<std::size_t>(end, random() % 200'000);
        const auto bytes = random() % 100'000;
        REQUIRE(at.read(from, bytes) == expected.substr(from, bytes));
    }

    CHECK(at.file->contents == expected);
}

TEST_CASE("blocks written past the page cache are what other readers of the file see") {
    const foldback::test::TemporaryDirectory directory;
    const auto path = directory.path() / "store";
    const auto device = make_file_device(path);
    TailFile tail(device->open("a", LogDevice::Open::create_new), std::make_shared<BlockPool>(0));
    tail.allocate(mebibyte);
    tail.begin(0);
    std::string expected;
    for (std::size_t i = 0; i < 200; ++i) {
        const std::string text(1 + i * 37 % 5000, static_cast<char>('a' + i % 26));
        tail.write_at(expected.size(), as_bytes(text));
        tail.sync();
        expected += text;

        std::ifstream file(path / "a", std::ios::binary);
        std::string seen(expected.size(), '?');
        file.read(seen.data(), static_cast<std::streamsize>(seen.size()));
        REQUIRE(seen == expected);
    }
}

TEST_CASE("a log of large and small commits is read back whole, while it is written and afterwards") {
    const foldback::test::TemporaryDirectory directory;
    Log::Options options;
    options.segment_bytes = 16 * mebibyte;
    const auto device = make_file_device(directory.path() / "store");
    std::vector<std::string> appended;
    {
        const auto opened = open_log(device, options);
        for (std::size_t i = 0; i < 80; ++i) {
            appended.push_back(std::string(i % 3 == 0 ? 100 : mebibyte * 3 / 2, static_cast<char>('a' + i % 26)));
            append(*opened.log, appended.back());
        }
        CHECK(scan_payloads(*opened.log) == appended);
    }
    CHECK(open_log(device, options).payloads == appended);
}

}  // namespace foldback::log::test
