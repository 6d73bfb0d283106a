#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <optional>

#include "fault/fault_run.hpp"
#include "index/index_db.hpp"
#include "support/temporary_directory.hpp"

/// The Nth allocation of a store fails.
namespace {

/// Counts while the store is called; 0 remaining: this one fails.
struct Allocations {
    bool inside = false;
    std::optional<std::uint64_t> left;
    bool failed = false;

    [[nodiscard]] bool next_fails() {
        if (!inside || !left || (*left)-- > 0) return false;
        left.reset();
        failed = true;
        return true;
    }
};

thread_local Allocations allocations;

void* allocated(std::size_t size) {
    void* memory = allocations.next_fails() ? nullptr : std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocated(size); }
void* operator new[](std::size_t size) { return allocated(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace foldback::fault {
namespace {

using Work = LogStore::Work;

void work_if_possible(Teller& teller, Work work) {
    try {
        teller.work(work);
    } catch (const std::exception&) {
        // As the maintenance thread does: reported, and no more.
    }
}

void a_bit_of_everything(Teller& teller) {
    teller.create({.stream = "a", .config = {.content_type = "application/json"}});
    for (std::uint64_t i = 0; i < 6; ++i) {
        teller.append({.stream = "a", .messages = teller.json(4, 500), .producer = Producer{"p", 0, i}});
        if (i == 2) teller.create({.stream = "fork", .config = {.content_type = {}}, .fork = ForkFrom{.source = "a"}});
        if (i == 3) teller.truncate("a", 9);
        if (i % 3 == 1) work_if_possible(teller, Work::checkpoint);
        if (i == 5) work_if_possible(teller, Work::rewrite);
    }
    teller.append({.stream = "a", .close = true});
    teller.reopen();
    teller.append({.stream = "fork", .messages = teller.json(1, 100)});
    teller.remove("fork");
    work_if_possible(teller, Work::checkpoint);
}

const std::string long_path = "orders/" + std::string(100, 'x');

/// Tells the index of one stream, with so many messages and a producer that sent as many.
void save_stream(index::IndexDb& index, std::uint64_t messages) {
    index::StreamRow row;
    row.meta = std::make_shared<index::StreamMeta>(index::StreamMeta{
        .incarnation = {1}, .path = StreamPath(long_path), .config = {}, .source_path = {}, .ancestors = {}});
    row.tail = {messages};
    row.producer_count = 1;
    row.unsaved_producers = {{"producer", {.epoch = 1, .seq = messages}}};
    row.was_in_index = true;
    index::Checkpoint checkpoint;
    checkpoint.changed.push_back(std::move(row));
    index.save(checkpoint, [](std::uint64_t) { return std::uint64_t{0}; });
}

}  // namespace

TEST_CASE("an index that was read without enough memory is read as it is the next time") {
    const test::TemporaryDirectory directory;
    index::IndexDb index(directory.path() / "index.db");
    std::uint64_t messages = 1;
    save_stream(index, messages);
    std::uint64_t failures = 0;

    for (std::uint64_t count = 0;; ++count) {
        allocations = {.inside = true, .left = count, .failed = false};
        try {
            static_cast<void>(index.find(long_path));
        } catch (const std::bad_alloc&) {
            ++failures;
        }
        allocations.inside = false;
        if (!allocations.failed) break;
        save_stream(index, ++messages);

        const auto producer = index.find_producer({1}, "producer");
        const auto stream = index.find(Incarnation{1});

        REQUIRE(producer);
        CHECK(producer->seq == messages);
        REQUIRE(stream);
        CHECK(stream->tail == Offset{messages});
    }
    CHECK(failures > 3);
}

TEST_CASE("any allocation of a store may fail, and nothing acknowledged is lost") {
    std::uint64_t runs = 0;
    std::uint64_t noticed = 0;
    for (std::uint64_t count = 0;; ++count) {
        const auto begin = [&](const std::filesystem::path&) {
            allocations = {.inside = false, .left = count, .failed = false};
        };
        const auto end = [] {
            allocations.left.reset();
            return allocations.failed;
        };
        FaultRun::Outcome outcome;
        try {
            outcome = FaultRun::run(1, small_store(12 << 10), a_bit_of_everything, begin, end,
                                    [](bool inside) { allocations.inside = inside; });
        } catch (const std::exception& error) {
            FAIL("allocation ", count, ": ", std::string(error.what()));
        }
        ++runs;
        noticed += outcome.noticed ? 1 : 0;
        if (!outcome.began) break;
    }
    MESSAGE(runs, " runs, ", noticed, " stopped by the failure");
    CHECK(noticed > 100);
}

}  // namespace foldback::fault
