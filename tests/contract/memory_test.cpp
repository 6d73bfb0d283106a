#include <malloc.h>
#include <unistd.h>

#include <fstream>

#include "store_fixture.hpp"

/// A program of its own, so that its memory is this test's alone.
namespace foldback::contract {
namespace {

constexpr std::uint64_t stream_count = 200'000;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t bytes_per_stream = 100'000;  // what the sanitizers take is not ours to count
#else
constexpr std::uint64_t bytes_per_stream = 400;
#endif

/// Memory that the process occupies, what malloc could give back to the system excluded.
std::uint64_t resident_bytes() {
    malloc_trim(0);
    std::uint64_t all_pages = 0;
    std::uint64_t resident_pages = 0;
    std::ifstream("/proc/self/statm") >> all_pages >> resident_pages;
    return resident_pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::uint64_t allocated_bytes() {
    const auto info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void create_streams(Fixture& at, std::uint64_t first, std::uint64_t count) {
    auto& store = *at.log;
    for (auto i = first; i < first + count; ++i) {
        store.append({.stream = "tenants/" + std::to_string(i % 97) + "/orders/" + std::to_string(i) + "/events",
                      .messages = json(R"({"type":"OrderPlaced","data":{"customer":"somebody","total":1999}})"),
                      .producer = Producer{"order-service", 0, 0},
                      .create_with = StreamConfig{.content_type = json_type}},
                     [](const Result<Appended>&) {});
    }
    REQUIRE(at.eventually([&] { return store.stats().streams == first + count; }));
    store.run_one(LogStore::Work::checkpoint);
}

}  // namespace

TEST_CASE("an idle stream takes at most 400 bytes of memory, whether or not there are threads") {
    for (const auto driven : {Driven::by_hand, Driven::by_threads}) {
        LogStoreOptions options;
        Fixture at(Place::directory, driven, options);
        create_streams(at, 0, 1000);
        const auto before = resident_bytes();

        for (std::uint64_t first = 1000; first < stream_count + 1000; first += 5000) {
            create_streams(at, first, 5000);
        }

        const auto grown = resident_bytes() - std::min(before, resident_bytes());
        MESSAGE("bytes per stream: ", grown / stream_count);
        CHECK(grown / stream_count <= bytes_per_stream);
        CHECK(at.log->stats().resident_streams <= options.max_resident_streams);
    }
}

TEST_CASE("a fork of many forks takes no more memory than a fork of one") {
    constexpr std::uint64_t forks = 5000;
    const auto store = LogStore::in_memory({.background_threads = false});
    create_text(*store, "fork/0");
    const auto before = allocated_bytes();

    for (std::uint64_t i = 1; i <= forks; ++i) {
        const auto source = "fork/" + std::to_string(i - 1);
        append_text(*store, source, "x");
        fork_at(*store, source, Offset{i}, "fork/" + std::to_string(i));
    }

    const auto grown = allocated_bytes() - before;
    MESSAGE("bytes per fork: ", grown / forks);
    CHECK(grown / forks <= 4096);
    CHECK(all_bytes(*store, "fork/" + std::to_string(forks)).size() == forks);
}

TEST_CASE("writes that always find others waiting before them take no memory once they have ended") {
    LogStoreOptions options{.max_commit_bytes = 1024, .background_threads = false};
    const auto store = LogStore::in_memory(options);
    std::uint64_t ended = 0;
    const auto submit_some = [&] {
        for (int i = 0; i < 4; ++i) store->remove("missing", [&](const Result<std::monostate>&) { ++ended; });
    };
    submit_some();
    const auto before = allocated_bytes();

    for (int round = 0; round < 200'000; ++round) {
        submit_some();
        store->run_one(LogStore::Work::commit);
    }

    CHECK(ended == 800'000);
    CHECK(allocated_bytes() < before + (1 << 20));
}

}  // namespace foldback::contract
