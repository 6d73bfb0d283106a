#include <mutex>

#include <doctest/doctest.h>

#include "foldback/store/log_store.hpp"
#include "log/device.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback;

namespace {

constexpr std::string_view segment = "0000000001.segment";
constexpr int messages = 12;
constexpr std::uint64_t message_bytes = 30'000;
constexpr std::uint64_t early_byte = 20'000;

StreamPath stream(int number) { return StreamPath("stream/" + std::to_string(number)); }

/// A store of some messages, one stream after another, that was closed: the index covers them all.
void fill(const std::filesystem::path& directory) {
    const auto store = LogStore::open(directory);
    const std::string message(message_bytes, 'm');
    for (int i = 0; i < messages; ++i) {
        (void)store->create({.stream = stream(i), .config = {.content_type = "text/plain"}}).value();
        (void)store->append({.stream = stream(i), .messages = Messages::bytes(message)}).value();
    }
}

void flip_bit(const std::filesystem::path& directory, std::uint64_t at) {
    const auto file = make_file_device(directory)->open(segment, LogDevice::Open::read_write);
    std::byte byte{};
    REQUIRE(file->read_at(at, std::span(&byte, 1)) == 1);
    byte ^= std::byte{1};
    file->write_at(at, std::span(&byte, 1));
    file->sync();
}

}  // namespace

TEST_CASE("damage in what opening does not read is told soon after, and keeps nobody from the rest") {
    const test::TemporaryDirectory directory;
    fill(directory.path());
    flip_bit(directory.path(), early_byte);
    std::mutex mutex;
    std::vector<std::string> troubles;
    LogStoreOptions options;
    options.on_trouble = [&](const std::string& what) {
        const std::lock_guard lock(mutex);
        troubles.push_back(what);
    };

    const auto store = LogStore::open(directory.path(), options);

    CHECK(test::eventually([&] {
        const std::lock_guard lock(mutex);
        return !troubles.empty();
    }));
    CHECK(troubles.front().find("segment 1 of the log") != std::string::npos);
    CHECK_THROWS_AS((void)store->read({.stream = stream(0)}), StorageError);
    CHECK(store->read({.stream = stream(messages - 1)}).has_value());
    CHECK(store->append({.stream = stream(messages - 1), .messages = Messages::bytes("more")}).has_value());
}

TEST_CASE("damage shortly before what the index covers keeps the store from being opened") {
    const test::TemporaryDirectory directory;
    fill(directory.path());
    flip_bit(directory.path(), (messages - 2) * message_bytes + early_byte);

    CHECK_THROWS_AS((void)LogStore::open(directory.path()), DamagedLog);
}
