// Measures repositories against what they stand on, in one run.
// usage: repository_bench DIRECTORY [--json FILE]
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "account.hpp"
#include "foldback/app/repository.hpp"
#include "foldback/store/log_store.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace bench {
BOOST_DESCRIBE_STRUCT(AccountState, (), (cents, letters))
}  // namespace bench

namespace {

using namespace foldback;
using bench::Account;
using bench::AccountEvent;
using bench::AccountState;

constexpr int rounds = 5;
constexpr std::size_t thread_count = 16;
constexpr std::size_t commands_per_thread = 1000;
constexpr std::size_t command_count = thread_count * commands_per_thread;
constexpr std::size_t events_before = 10;
constexpr std::size_t long_history = 1'000'000;

AccountEvent event_of(std::size_t number) {
    return bench::Deposited{.from = "DE02-" + std::to_string(100'000 + number % 800'000) + "-1234567",
                            .cents = static_cast<std::int64_t>(number % 90'000),
                            .note = "rent"};
}

const Metadata why{.correlation = "c-1732350000123", .actor = "ada"};

/// Accounts of ten events each, numbered from `first` on, many to a commit.
void fill(LogStore& store, const Repository<Account>& accounts, std::size_t first) {
    std::vector<AccountEvent> events;
    for (std::size_t i = 0; i < events_before; ++i) events.push_back(event_of(i));
    std::vector<AppendRequest> requests;
    for (std::size_t i = 0; i < command_count; ++i) {
        requests.push_back({.stream = accounts.stream_of(std::to_string(first + i)),
                            .messages = accounts.encode(events, why),
                            .create_with = StreamConfig{.content_type = "application/json"}});
        if (requests.size() < 500 && i + 1 < command_count) continue;
        (void)store.append_all(std::exchange(requests, {})).value();
    }
}

/// Calls `work(number)` for numbers from `first` on, by many threads; calls per second.
template <class Work>
double per_second(std::size_t first, const Work& work) {
    const auto elapsed = bench::seconds([&] {
        std::vector<std::thread> threads;
        for (std::size_t thread = 0; thread < thread_count; ++thread) {
            threads.emplace_back([&, thread] {
                for (std::size_t i = 0; i < commands_per_thread; ++i) work(first + thread * commands_per_thread + i);
            });
        }
        for (auto& thread : threads) thread.join();
    });
    return static_cast<double>(command_count) / elapsed;
}

Decision<AccountEvent> withdraw(const AccountState& account, std::size_t number) {
    if (account.cents < 0) return reject("empty", "there is nothing");
    return bench::Withdrawn{.machine = "atm-" + std::to_string(number), .cents = 1};
}

/// Commands on accounts of ten events against appends of the same messages where they end.
std::vector<bench::Row> transact(const std::filesystem::path& directory) {
    const auto store = LogStore::open(directory / "transact");
    const Repository<Account> accounts(*store, {.category = "accounts"});
    std::size_t next = 0;
    const auto fresh = [&] {
        const auto first = next;
        next += command_count;
        fill(*store, accounts, first);
        return first;
    };
    const auto commands = [&](bool with_id) {
        return per_second(fresh(), [&](std::size_t number) {
            TransactOptions options{.metadata = why};
            if (with_id) options.command_id = "command-" + std::to_string(number);
            const auto decide = [&](const AccountState& account) { return withdraw(account, number); };
            if (!accounts.transact(std::to_string(number), decide, options).is_appended()) std::abort();
        });
    };
    const auto appends = [&] {
        const std::vector<AccountEvent> events{bench::Withdrawn{.machine = "atm-100000", .cents = 1}};
        const auto messages = accounts.encode(events, why);
        return per_second(fresh(), [&](std::size_t number) {
            (void)store
                ->append({.stream = "accounts/" + std::to_string(number),
                          .messages = messages,
                          .content_type = "application/json",
                          .expected = Offset{events_before}})
                .value();
        });
    };
    (void)commands(false);
    return {bench::compare(
                {.name = "transact on 10 events, 16 threads",
                 .unit = "commands/s",
                 .peer = "bare appends at the same offset",
                 .target = 0.5},
                rounds, [&] { return commands(false); }, appends),
            bench::compare(
                {.name = "transact with a command id, 16 threads",
                 .unit = "commands/s",
                 .peer = "bare appends at the same offset",
                 .target = 0.4},
                rounds, [&] { return commands(true); }, appends)};
}

/// A load that begins at a snapshot, some events before the end, against the fold of everything.
std::vector<bench::Row> load_with_snapshot(const std::filesystem::path& directory) {
    const auto store = LogStore::open(directory / "snapshot");
    SqliteSnapshots snapshots(directory / "snapshots.db");
    const Repository<Account> whole(*store, {.category = "accounts"});
    const Repository<Account> accounts(*store, {.category = "accounts", .snapshots = &snapshots});
    const auto append = [&](std::size_t at, std::size_t count) {
        std::vector<AccountEvent> events;
        for (std::size_t i = 0; i < count; ++i) events.push_back(event_of(at + i));
        (void)whole.append("1", Offset{at}, events, why).value();
    };
    for (std::size_t done = 0; done < long_history; done += 1000) append(done, 1000);
    if (!accounts.take_snapshot("1")) std::abort();
    append(long_history, 10);
    store->run_one(LogStore::Work::checkpoint);
    const auto load = [](const Repository<Account>& repository) {
        return bench::seconds([&] {
            if (repository.load("1").offset() != Offset{long_history + 10}) std::abort();
        });
    };
    (void)load(whole);
    (void)load(accounts);
    return {bench::compare(
        {.name = "load 1,000,000 events with a snapshot",
         .unit = "s",
         .peer = "fold of them all",
         .target = 0.005,
         .at_most = true},
        rounds, [&] { return load(accounts); }, [&] { return load(whole); })};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: repository_bench DIRECTORY [--json FILE]\n");
        return 2;
    }
    const auto directory = std::filesystem::path(argv[1]) / "repository-bench";
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    auto rows = nlohmann::json::array();
    for (const auto& measure : {transact, load_with_snapshot}) {
        for (const auto& row : measure(directory)) {
            bench::print(row);
            rows.push_back(bench::json_of(row));
        }
    }
    if (argc == 4) std::ofstream(argv[3]) << rows.dump(2) << '\n';
    std::filesystem::remove_all(directory);
}
