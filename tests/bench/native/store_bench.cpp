// Measures the embedded engine against the physical limits of the machine, in one run.
// usage: store_bench DIRECTORY [--json FILE] [--only ROW]
#include <malloc.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <latch>
#include <nlohmann/json.hpp>

#include "append_load.hpp"
#include "foldback/store/log_store.hpp"
#include "killed_store.hpp"
#include "raw_log.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace {

using namespace foldback;
namespace fs = std::filesystem;

constexpr int rounds = 5;
constexpr double round_seconds = 1.0;

using bench::appends;
using bench::batch_of;
using bench::make_streams;
using bench::Throughput;

bench::Row single_appends(const fs::path& directory) {
    auto store = LogStore::open(directory / "single");
    bench::RawLog raw(directory / "raw-single", 256 << 20);
    const auto streams = make_streams(*store, "orders/", 64);
    const auto one = batch_of(1);
    (void)appends(*store, streams, one, round_seconds);  // warm-up
    Throughput last;
    return bench::compare(
        {.name = "durable single appends, 64 in flight",
         .unit = "appends/s",
         .peer = "bare write + fdatasync of the same groups",
         .target = 0.9},
        rounds,
        [&] {
            last = appends(*store, streams, one, round_seconds);
            return last.appends_per_second;
        },
        [&] {
            return raw.groups_per_second(static_cast<std::size_t>(last.group_bytes), round_seconds) * last.group_size;
        });
}

bench::Row batch_appends(const fs::path& directory) {
    auto store = LogStore::open(directory / "batch");
    bench::RawLog raw(directory / "raw-batch", 256 << 20);
    const auto streams = make_streams(*store, "orders/", 4);
    const auto thousand = batch_of(1000);
    (void)appends(*store, streams, thousand, round_seconds);  // warm-up
    Throughput last;
    const auto payload_mb = static_cast<double>(thousand.joined().size()) / 1e6;
    return bench::compare(
        {.name = "durable batches of 1000, 4 in flight",
         .unit = "MB/s",
         .peer = "bare write + fdatasync of the same groups",
         .target = 0.8},
        rounds,
        [&] {
            last = appends(*store, streams, thousand, round_seconds);
            return last.appends_per_second * payload_mb;
        },
        [&] {
            return raw.groups_per_second(static_cast<std::size_t>(last.group_bytes), round_seconds) * last.group_size *
                   payload_mb;
        });
}

bench::Row warm_read(const fs::path& directory) {
    const auto path = directory / "read";
    auto store = LogStore::open(path);
    const auto streams = make_streams(*store, "big", 1);
    const auto thousand = batch_of(1000);
    for (int i = 0; i < 1000; ++i) (void)store->append({.stream = streams[0], .messages = thousand}).value();
    store->run_one(LogStore::Work::checkpoint);
    const auto read_all = [&] {
        std::uint64_t messages = 0;
        std::uint64_t bytes = 0;
        const auto elapsed = bench::seconds([&] {
            ReadFrom from = FromStart{};
            while (true) {
                const auto page = store->read({.stream = streams[0], .from = from}).value();
                for (const auto& message : page) {
                    ++messages;
                    bytes += message.data.size();
                }
                if (page.up_to_date) break;
                from = page.next;
            }
        });
        if (messages != 1'000'000) std::abort();
        return static_cast<double>(bytes) / 1e6 / elapsed;
    };
    const auto scan = [&] {
        std::uint64_t bytes = 0;
        const auto elapsed = bench::scan_segments(path, bytes);
        return static_cast<double>(bytes) / 1e6 / elapsed;
    };
    (void)read_all();
    (void)scan();
    return bench::compare({.name = "warm forward read of 1,000,000 events",
                           .unit = "MB/s",
                           .peer = "pread + CRC32C of the same segments",
                           .target = 0.3},
                          rounds, read_all, scan);
}

constexpr int batches_of_a_gibibyte = 5300;  // a little more

bench::Row open_after_kill(const fs::path& directory) {
    bench::KilledStore store(directory / "open", batches_of_a_gibibyte);
    const auto scan = [&] {
        std::uint64_t bytes = 0;
        return bench::scan_segments(store.path(), bytes);
    };
    (void)scan();
    return bench::compare(
        {.name = "open a 1 GiB store after kill -9",
         .unit = "s",
         .peer = "CRC32C scan of its segments",
         .target = 0.05,
         .at_most = true},
        rounds, [&] { return store.open(); }, scan);
}

bench::Row open_larger_after_kill(const fs::path& directory) {
    bench::KilledStore small(directory / "open-1", batches_of_a_gibibyte);
    bench::KilledStore large(directory / "open-4", 4 * batches_of_a_gibibyte);
    // How full the last segment is matters more than anything: so many rounds fill it once.
    auto row = bench::compare(
        {.name = "open a 4 GiB store after kill -9", .unit = "s", .peer = "of 1 GiB", .target = 1.2, .at_most = true},
        3 * rounds, [&] { return large.open(); }, [&] { return small.open(); });
    row.ratio = row.value / row.peer_value;  // of the medians: the two are never equally full in the same round
    return row;
}

std::uint64_t resident_bytes() {
    ::malloc_trim(0);
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    return resident * 4096;
}

bench::Row memory_per_stream(const fs::path& directory) {
    constexpr int streams = 300'000;
    auto store = LogStore::open(directory / "idle");
    (void)make_streams(*store, "warm-up/", 1000);
    const auto before = resident_bytes();
    for (int begin = 0; begin < streams; begin += 1000) {
        std::latch created(1000);
        for (int i = begin; i < begin + 1000; ++i) {
            store->create({.stream = "customers/" + std::to_string(i) + "/orders",
                           .config = {.content_type = "application/json"}},
                          [&](const Result<Created>& outcome) {
                              if (!outcome) std::abort();
                              created.count_down();
                          });
        }
        created.wait();
    }
    store->run_one(LogStore::Work::checkpoint);
    const auto after = resident_bytes();
    const auto each = static_cast<double>(after > before ? after - before : 0) / streams;
    return {.name = "memory per known idle stream",
            .value = each,
            .unit = "bytes",
            .peer = "bound",
            .peer_value = 400,
            .ratio = each / 400,
            .target = 1,
            .at_most = true};
}

bench::Row memory_per_event(const fs::path& directory) {
    auto store = LogStore::open(directory / "growth");
    const auto streams = make_streams(*store, "orders/", 1);
    const auto hundred = batch_of(100);
    const auto append_events = [&](int batches) {
        for (int i = 0; i < batches; ++i) (void)store->append({.stream = streams[0], .messages = hundred}).value();
        store->run_one(LogStore::Work::checkpoint);
        return resident_bytes();
    };
    const auto early = append_events(1000);
    const auto late = append_events(9000);
    const auto growth = static_cast<double>(late) / static_cast<double>(early);
    return {.name = "memory after 1,000,000 events",
            .value = static_cast<double>(late),
            .unit = "bytes",
            .peer = "after 100,000 events",
            .peer_value = static_cast<double>(early),
            .ratio = growth,
            .target = 1.2,
            .at_most = true};
}

struct Measurement {
    const char* name;  ///< as --only names it
    bench::Row (*measure)(const fs::path& directory);
};

constexpr Measurement measurements[] = {{"open", open_after_kill},
                                        {"open-4", open_larger_after_kill},
                                        {"single", single_appends},
                                        {"batch", batch_appends},
                                        {"read", warm_read},
                                        {"stream-memory", memory_per_stream},
                                        {"event-memory", memory_per_event}};

int usage() {
    std::fprintf(stderr, "usage: store_bench DIRECTORY [--json FILE] [--only ROW]   ROW is one of:");
    for (const auto& each : measurements) std::fprintf(stderr, " %s", each.name);
    std::fprintf(stderr, "\n");
    return 2;
}

int run(const std::vector<std::string>& arguments) {
    if (arguments.empty() || arguments.size() % 2 == 0) return usage();
    std::string json_file;
    std::string only;
    for (std::size_t i = 1; i < arguments.size(); i += 2) {
        if (arguments[i] != "--json" && arguments[i] != "--only") return usage();
        (arguments[i] == "--json" ? json_file : only) = arguments[i + 1];
    }
    const fs::path directory = fs::path(arguments[0]) / "store-bench";
    fs::remove_all(directory);
    fs::create_directories(directory);
    auto rows = nlohmann::json::array();
    for (const auto& each : measurements) {
        if (!only.empty() && only != each.name) continue;
        const auto row = each.measure(directory);
        bench::print(row);
        rows.push_back(bench::json_of(row));
    }
    fs::remove_all(directory);
    if (rows.empty()) return usage();
    if (!json_file.empty()) std::ofstream(json_file) << rows.dump(2) << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) try { return run({argv + 1, argv + argc}); } catch (const std::exception& error) {
    std::fprintf(stderr, "store_bench: %s\n", error.what());
    return 1;
}
