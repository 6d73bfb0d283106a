// What an append and a read cost in a store that has grown, against one that has not, in one run: with many events, with
// many streams, with many forks.
// usage: growth_bench DIRECTORY [--json FILE] [--only events|streams|forks]
#include <malloc.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <latch>
#include <random>
#include <utility>

#include "append_load.hpp"
#include "raw_log.hpp"
#include "report.hpp"

namespace {

using namespace foldback;
namespace fs = std::filesystem;

constexpr int rounds = 5;
constexpr double round_seconds = 0.5;
constexpr int in_flight = 64;
constexpr std::size_t page_messages = 100;

using Streams = std::vector<StreamPath>;

/// Microseconds per append, 64 in flight.
double append_us(LogStore& store, const Streams& streams) {
    static const auto one = bench::batch_of(1);
    return 1e6 / bench::appends(store, streams, one, round_seconds).appends_per_second;
}

/// Microseconds per page of 100 messages, from places all over the streams. Empty streams are not asked for.
double read_us(LogStore& store, const Streams& streams) {
    constexpr int reads = 2000;
    std::vector<Offset> tails;
    for (const auto& stream : streams) tails.push_back(store.head(stream).value().tail.offset);
    std::mt19937_64 random(7);
    return 1e6 / reads * bench::seconds([&] {
               for (int i = 0; i < reads; ++i) {
                   const auto which = random() % streams.size();
                   const Offset from{random() % (tails[which].value - page_messages)};
                   const auto page =
                       store.read({.stream = streams[which], .from = from, .max_messages = page_messages}).value();
                   std::size_t messages = 0;
                   for (const auto& message : page) messages += message.data.empty() ? 0 : 1;
                   if (messages != page_messages) std::abort();
               }
           });
}

/// Every store lives on while the other is measured, so that the rounds can take turns.
struct Measured {
    std::unique_ptr<LogStore> store;
    Streams streams;  ///< those that are appended to and read
};

Measured opened(const fs::path& directory) {
    Measured made{.store = LogStore::open(directory), .streams = {}};
    made.streams = bench::make_streams(*made.store, "orders/", in_flight);
    return made;
}

/// Appends `count` events to the streams, in batches, several under way.
void fill(Measured& measured, std::uint64_t count) {
    const auto batch = bench::batch_of(1000);
    const auto few = std::span(measured.streams).first(8);
    for (std::uint64_t done = 0; done < count; done += 1000 * few.size()) {
        std::latch written(static_cast<std::ptrdiff_t>(few.size()));
        for (std::size_t i = 0; i < few.size(); ++i) {
            const auto& stream = measured.streams[(done / 1000 + i) % measured.streams.size()];
            measured.store->append({.stream = stream, .messages = batch}, [&](const Result<Appended>& outcome) {
                if (!outcome) std::abort();
                written.count_down();
            });
        }
        written.wait();
    }
    measured.store->run_one(LogStore::Work::checkpoint);
}

/// Lets the log grow as long as another's with one more stream, so that what was filled in before lies as far back in both.
void grow_log(Measured& measured, LogStore& other) {
    const auto batch = bench::batch_of(1000);
    const auto more = bench::make_streams(*measured.store, "more/", 1).front();
    const auto enough = other.stats().log_bytes;
    while (measured.store->stats().log_bytes < enough) {
        (void)measured.store->append({.stream = more, .messages = batch}).value();
    }
    measured.store->run_one(LogStore::Work::checkpoint);
}

template <class Measure>
bench::Row grown(const std::string& name, const std::string& peer, Measured& large, Measured& small, Measure measure) {
    (void)measure(*large.store, large.streams);
    (void)measure(*small.store, small.streams);
    return bench::compare(
        {.name = name, .unit = "us", .peer = peer, .target = 1.2, .at_most = true}, rounds,
        [&] { return measure(*large.store, large.streams); }, [&] { return measure(*small.store, small.streams); });
}

double resident_bytes() {
    ::malloc_trim(0);
    std::ifstream statm("/proc/self/statm");
    std::uint64_t size = 0;
    std::uint64_t resident = 0;
    statm >> size >> resident;
    return static_cast<double>(resident) * 4096;
}

std::vector<bench::Row> with_events(const fs::path& directory) {
    auto small = opened(directory / "few-events");
    auto large = opened(directory / "many-events");
    // Each stream gets enough for a page.
    fill(small, 64'000);
    fill(large, 64'000);
    const auto early = resident_bytes();
    fill(large, 10'000'000);
    const auto late = resident_bytes();
    std::vector<bench::Row> rows;
    // Segments are written past the page cache: without this most reads of the large store would be the disk's first.
    for (const auto* store : {"few-events", "many-events"}) {
        std::uint64_t bytes = 0;
        (void)bench::scan_segments(directory / store, bytes);
    }
    // Reads first: they are of what was written in batches, in both.
    rows.push_back(
        grown("read of 100 events in a store of 10,000,000, in the page cache", "of 64,000", large, small, read_us));
    rows.push_back(grown("append to a store of 10,000,000 events", "of 64,000", large, small, append_us));
    rows.push_back({.name = "memory after 10,000,000 events",
                    .value = late,
                    .unit = "bytes",
                    .peer = "after 64,000",
                    .peer_value = early,
                    .ratio = late / early,
                    .target = 1.2,
                    .at_most = true});
    return rows;
}

/// Creates `count` streams, a thousand at a time; with forks of `source` when there is one.
void create_many(LogStore& store, const std::string& prefix, int count, const std::optional<StreamPath>& source) {
    for (int begin = 0; begin < count; begin += 1000) {
        std::latch created(1000);
        for (int i = begin; i < begin + 1000; ++i) {
            CreateRequest request{.stream = StreamPath(prefix + std::to_string(i)),
                                  .config = {.content_type = "application/json"}};
            if (source) request.fork = ForkFrom{.source = *source};
            store.create(std::move(request), [&](const Result<Created>& outcome) {
                if (!outcome) std::abort();
                created.count_down();
            });
        }
        created.wait();
    }
    store.run_one(LogStore::Work::checkpoint);
}

std::vector<bench::Row> with_streams(const fs::path& directory) {
    constexpr int many = 1'000'000;
    auto small = opened(directory / "few-streams");
    auto large = opened(directory / "many-streams");
    fill(small, 64'000);
    fill(large, 64'000);
    create_many(*large.store, "customers/", many, {});
    grow_log(small, *large.store);
    std::vector<bench::Row> rows;
    const std::string peer = "of 65, its log as long";
    rows.push_back(grown("read of 100 events in a store of 1,000,000 streams", peer, large, small, read_us));
    rows.push_back(grown("append to 64 streams of a store of 1,000,000", peer, large, small, append_us));

    // Any of them, none of which is in memory when it is asked for.
    std::mt19937_64 random(11);
    const auto anywhere = [&](LogStore& store, const Streams& streams) {
        if (&store == small.store.get()) return append_us(store, streams);
        Streams some;
        for (int i = 0; i < 20'000; ++i) some.emplace_back("customers/" + std::to_string(random() % many));
        std::atomic<std::size_t> next = 0;
        std::latch finished(in_flight);
        static const auto one = bench::batch_of(1);
        std::function<void()> go = [&] {
            const auto index = next.fetch_add(1);
            if (index >= some.size()) return finished.count_down();
            store.append({.stream = some[index], .messages = one}, [&](const Result<Appended>& outcome) {
                if (!outcome) std::abort();
                go();
            });
        };
        return 1e6 / static_cast<double>(some.size()) * bench::seconds([&] {
                   for (int i = 0; i < in_flight; ++i) go();
                   finished.wait();
               });
    };
    rows.push_back(
        grown("append to any of 1,000,000 streams", "64 streams that are in memory", large, small, anywhere));
    return rows;
}

std::vector<bench::Row> with_forks(const fs::path& directory) {
    auto small = opened(directory / "no-forks");
    auto large = opened(directory / "many-forks");
    fill(small, 64'000);
    fill(large, 64'000);
    create_many(*large.store, "forks/", 10'000, large.streams.front());
    std::vector<bench::Row> rows;
    // The one that has the forks, and nothing else, so that what they cost is not divided.
    for (auto* each : {&small, &large}) each->streams.erase(each->streams.begin() + 1, each->streams.end());
    const std::string peer = "one without";
    rows.push_back(grown("read of 100 events of a stream with 10,000 forks", peer, large, small, read_us));
    const Streams source = std::exchange(large.streams, {StreamPath("forks/9999")});
    rows.push_back(grown("read of 100 events of one of the forks", "a stream of its own", large, small, read_us));
    large.streams = source;
    rows.push_back(grown("append to a stream with 10,000 forks", peer, large, small, append_us));
    return rows;
}

struct Measurement {
    const char* name;  ///< as --only names it
    std::vector<bench::Row> (*measure)(const fs::path& directory);
};

constexpr Measurement measurements[] = {{"events", with_events}, {"streams", with_streams}, {"forks", with_forks}};

int run(const std::vector<std::string>& arguments) {
    std::string json_file;
    std::string only;
    for (std::size_t i = 1; i + 1 < arguments.size(); i += 2) {
        (arguments[i] == "--json" ? json_file : only) = arguments[i + 1];
    }
    if (arguments.empty() || arguments.size() % 2 == 0) {
        std::fputs("usage: growth_bench DIRECTORY [--json FILE] [--only events|streams|forks]\n", stderr);
        return 2;
    }
    const fs::path directory = fs::path(arguments[0]) / "growth-bench";
    auto rows = nlohmann::json::array();
    for (const auto& each : measurements) {
        if (!only.empty() && only != each.name) continue;
        fs::remove_all(directory);
        fs::create_directories(directory);
        for (const auto& row : each.measure(directory)) {
            bench::print(row);
            rows.push_back(bench::json_of(row));
        }
    }
    fs::remove_all(directory);
    if (!json_file.empty()) std::ofstream(json_file) << rows.dump(2) << '\n';
    return 0;
}

}  // namespace

int main(int argc, char** argv) try { return run({argv + 1, argv + argc}); } catch (const std::exception& error) {
    std::fprintf(stderr, "growth_bench: %s\n", error.what());
    return 1;
}
