// Measures nodes that share a log in PostgreSQL against pgbench, which inserts rows of the same size into the same server.
// usage: postgres_bench DIRECTORY [--json FILE]
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <latch>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "report.hpp"
#include "rows.hpp"
#include "support/postgres_server.hpp"

namespace {

using namespace foldback;
namespace fs = std::filesystem;

constexpr int rounds = 3;
constexpr double round_seconds = 2.0;
constexpr int reading_threads = 4;

const std::string event =
    R"({"type":"OrderPlaced","version":2,"data":{"customer":")" + std::string(140, 'c') + R"("}})";  // 200 bytes

/// Some nodes of one log, and the streams that each appends to.
class Nodes {
public:
    Nodes(test::PostgresServer& server, const fs::path& directory, int count) {
        const auto url = server.new_schema();
        for (int i = 0; i < count; ++i) {
            stores_.push_back(LogStore::open_shared(open_postgres_log({.url = url}),
                                                    directory / (std::to_string(count) + '-' + std::to_string(i))));
        }
    }

    struct Throughput {
        double appends_per_second = 0;
        double group_size = 0;
        double group_bytes = 0;
    };
    /// Keeps `in_flight` appends under way at each node, each on a stream of its own.
    [[nodiscard]] Throughput append(const Messages& messages, std::size_t in_flight) {
        std::atomic<std::uint64_t> done{0};
        std::atomic<bool> stop{false};
        std::latch finished(static_cast<std::ptrdiff_t>(in_flight * stores_.size()));
        const auto commits_before = stores_[0]->stats().commits;
        std::function<void(std::size_t, std::size_t)> next = [&](std::size_t node, std::size_t index) {
            AppendRequest request{.stream = "orders/" + std::to_string(node) + '/' + std::to_string(index),
                                  .messages = messages,
                                  .content_type = "application/json",
                                  .create_with = StreamConfig{.content_type = "application/json"}};
            stores_[node]->append(std::move(request), [&, node, index](const Result<Appended>& outcome) {
                if (!outcome) std::abort();
                ++done;
                stop ? finished.count_down() : next(node, index);
            });
        };
        const auto elapsed = bench::seconds([&] {
            for (std::size_t node = 0; node < stores_.size(); ++node) {
                for (std::size_t index = 0; index < in_flight; ++index) next(node, index);
            }
            ::usleep(static_cast<useconds_t>(round_seconds * 1e6));
            stop = true;
            finished.wait();
        });
        (void)stores_[0]->list({.limit = 1});  // folds the others' last
        const auto commits = static_cast<double>(stores_[0]->stats().commits - commits_before);
        const auto count = static_cast<double>(done.load());
        const auto record_bytes = static_cast<double>(messages.joined().size() + messages.count() * 2 + 52);
        return {.appends_per_second = count / elapsed,
                .group_size = count / commits,
                .group_bytes = 56 + record_bytes * count / commits};
    }

    struct Shares {
        double fewest_per_second = 0;  ///< appends of the node that had the fewest
        double most_per_second = 0;
        double longest_wait_ms = 0;  ///< of all nodes
        double median_wait_ms = 0;
    };
    /// Keeps `in_flight` appends under way at each node, to streams that are the same for all.
    [[nodiscard]] Shares contend(const Messages& messages, std::size_t in_flight) {
        using clock = std::chrono::steady_clock;
        std::vector<std::vector<double>> waits_ms(stores_.size());  // each filled by its node's thread
        std::atomic<bool> stop{false};
        std::latch finished(static_cast<std::ptrdiff_t>(in_flight * stores_.size()));
        std::function<void(std::size_t, std::size_t)> next = [&](std::size_t node, std::size_t index) {
            AppendRequest request{.stream = "hot/" + std::to_string(index),
                                  .messages = messages,
                                  .content_type = "application/json",
                                  .create_with = StreamConfig{.content_type = "application/json"}};
            stores_[node]->append(std::move(request),
                                  [&, node, index, begun = clock::now()](const Result<Appended>& outcome) {
                                      if (!outcome) std::abort();
                                      const std::chrono::duration<double, std::milli> wait = clock::now() - begun;
                                      waits_ms[node].push_back(wait.count());
                                      stop ? finished.count_down() : next(node, index);
                                  });
        };
        const auto elapsed = bench::seconds([&] {
            for (std::size_t index = 0; index < in_flight; ++index) {
                for (std::size_t node = 0; node < stores_.size(); ++node) next(node, index);
            }
            ::usleep(static_cast<useconds_t>(round_seconds * 1e6));
            stop = true;
            finished.wait();
        });
        Shares shares{.fewest_per_second = HUGE_VAL};
        std::vector<double> all;
        for (const auto& waits : waits_ms) {
            const auto per_second = static_cast<double>(waits.size()) / elapsed;
            shares.fewest_per_second = std::min(shares.fewest_per_second, per_second);
            shares.most_per_second = std::max(shares.most_per_second, per_second);
            all.insert(all.end(), waits.begin(), waits.end());
        }
        shares.longest_wait_ms = *std::ranges::max_element(all);
        shares.median_wait_ms = bench::median(std::move(all));
        return shares;
    }

    /// Reads of streams at their tails, which ask the database whether there is more.
    [[nodiscard]] double reads_per_second() {
        std::atomic<std::uint64_t> done{0};
        std::atomic<bool> stop{false};
        std::vector<std::thread> threads;
        const auto elapsed = bench::seconds([&] {
            for (auto& store : stores_) {
                for (int i = 0; i < reading_threads; ++i) {
                    threads.emplace_back([&] {
                        for (; !stop; ++done) (void)store->read({.stream = "orders/0/0", .from = FromTail{}}).value();
                    });
                }
            }
            ::usleep(static_cast<useconds_t>(round_seconds * 1e6));
            stop = true;
            for (auto& thread : threads) thread.join();
        });
        return static_cast<double>(done.load()) / elapsed;
    }

private:
    std::vector<std::unique_ptr<LogStore>> stores_;
};

double bare_inserts_per_second(test::PostgresServer& server, double row_bytes) {
    const auto bytes = static_cast<std::size_t>(row_bytes);
    std::string hex;
    for (std::size_t i = 0; i < bytes; ++i) hex += "78";
    return server.transactions_per_second("INSERT INTO bare (data) VALUES ('\\x" + hex + "');\n", 2);
}

bench::Row appends(test::PostgresServer& server, const fs::path& directory, int count, std::size_t batch,
                   std::size_t in_flight, double target) {
    Nodes nodes(server, directory / std::to_string(batch), count);
    const std::vector<std::string> events(batch, event);
    const auto messages = Messages::trusted_json(std::span(events));
    (void)nodes.append(messages, in_flight);  // warm-up
    Nodes::Throughput last;
    return bench::compare(
        {.name = std::to_string(count) + " nodes, appends of " + std::to_string(batch) + ", " +
                 std::to_string(in_flight) + " in flight each",
         .unit = "appends/s",
         .peer = "pgbench inserting the same groups",
         .target = target},
        rounds,
        [&] {
            last = nodes.append(messages, in_flight);
            return last.appends_per_second;
        },
        [&] { return bare_inserts_per_second(server, last.group_bytes) * last.group_size; });
}

/// Whether nodes that are in each other's way all get on.
std::vector<bench::Row> shares(test::PostgresServer& server, const fs::path& directory, int count,
                               std::size_t in_flight) {
    Nodes nodes(server, directory / "shares", count);
    const std::vector<std::string> events(1, event);
    const auto messages = Messages::trusted_json(std::span(events));
    Nodes::Shares last;
    double longest_ms = 0;
    double median_ms = 0;
    const auto name =
        std::to_string(count) + " nodes on the same streams, " + std::to_string(in_flight) + " in flight each: ";
    auto fair = bench::compare(
        {.name = name + "fewest", .unit = "appends/s", .peer = "the node with the most", .target = 0.5}, rounds,
        [&] {
            last = nodes.contend(messages, in_flight);
            longest_ms = std::max(longest_ms, last.longest_wait_ms);
            median_ms = last.median_wait_ms;
            return last.fewest_per_second;
        },
        [&] { return last.most_per_second; });
    bench::Row wait{.name = name + "longest wait",
                    .value = longest_ms,
                    .unit = "ms",
                    .peer = "the median wait",
                    .peer_value = median_ms,
                    .ratio = longest_ms / median_ms,
                    .target = 0};
    return {std::move(fair), std::move(wait)};
}

bench::Row reads(test::PostgresServer& server, const fs::path& directory, int count) {
    Nodes nodes(server, directory / "reads", count);
    const std::vector<std::string> events(1, event);
    (void)nodes.append(Messages::trusted_json(std::span(events)), 1);
    return bench::compare(
        {.name = std::to_string(count) + " nodes, reads at the tail, 4 threads each",
         .unit = "reads/s",
         .peer = "pgbench, SELECT 1, one session",
         .target = 0},
        rounds, [&] { return nodes.reads_per_second(); },
        [&] { return server.transactions_per_second("SELECT 1;\n", 2); });
}

}  // namespace

int main(int argc, char** argv) {
    const fs::path directory = fs::path(argv[1]) / "postgres";
    fs::create_directories(directory);
    test::PostgresServer server({"shared_buffers=128MB", "max_wal_size=4GB"}, argv[1]);
    server.execute("CREATE TABLE bare (position bigserial PRIMARY KEY, data bytea NOT NULL)");
    server.execute("ALTER TABLE bare ALTER COLUMN data SET STORAGE EXTERNAL");
    auto rows = nlohmann::json::array();
    const auto report = [&](const bench::Row& row) {
        bench::print(row);
        rows.push_back(bench::json_of(row));
    };
    for (const int count : {1, 2, 3}) report(appends(server, directory, count, 1000, 4, 0.7));
    for (const int count : {1, 2, 3}) report(appends(server, directory, count, 1, 64, 0));
    for (const int count : {1, 2, 3}) report(reads(server, directory, count));
    for (const int count : {2, 3}) {
        for (const auto& row : shares(server, directory, count, 8)) report(row);
    }
    if (argc > 3 && std::string(argv[2]) == "--json") std::ofstream(argv[3]) << rows.dump(2) << '\n';
}
