// A store behind HTTP against the client alone, both over the same server, which tests/bench/http/client.mjs has started.
// usage: remote_bench <url of the server>        prints the rows as JSON

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <nlohmann/json.hpp>

#include "account.hpp"
#include "foldback/app/repository.hpp"
#include "foldback/client/client.hpp"
#include "foldback/remote/http_store.hpp"
#include "report.hpp"
#include "rows.hpp"

namespace {

using namespace foldback;
using bench::Account;
using bench::AccountEvent;
using bench::AccountState;

constexpr int rounds = 5;
constexpr std::size_t thread_count = 16;
constexpr std::size_t commands_per_thread = 250;
constexpr std::size_t command_count = thread_count * commands_per_thread;
constexpr std::size_t events_before = 10;
constexpr std::size_t read_events = 200'000;

const Metadata why{.correlation = "c-1732350000123", .actor = "ada"};

AccountEvent event_of(std::size_t number) {
    return bench::Deposited{.from = "DE02-" + std::to_string(100'000 + number % 800'000) + "-1234567",
                            .cents = static_cast<std::int64_t>(number % 90'000),
                            .note = "rent"};
}

Decision<AccountEvent> withdraw(const AccountState& account) {
    if (account.cents < 0) return reject("empty", "there is nothing");
    return bench::Withdrawn{.machine = "atm-100000", .cents = 1};
}

/// A server, a store over it, and the client.
class Peers {
public:
    explicit Peers(const std::string& url) : url_(url), store_(HttpStore::open(url, {.client = uncompressed()})) {}

    /// Commands on accounts of ten events against appends of the same message where they end. A command reads before it
    /// appends: two round trips, of which the second waits for the disk, instead of that one.
    bench::Row transact() {
        return bench::compare(
            {.name = "transact on 10 events over HttpStore, 16 threads",
             .unit = "commands/s",
             .peer = "the client's appends with If-Match",
             .target = 0.4},
            rounds, [this] { return commands_per_second(); }, [this] { return appends_per_second(); });
    }

    /// Pages, which tell each message's position and time, one after the other, against a session of the client, which fetches
    /// ahead.
    bench::Row read() {
        std::vector<AccountEvent> events;
        for (std::size_t i = 0; i < 1000; ++i) events.push_back(event_of(i));
        for (std::size_t at = 0; at < read_events; at += events.size())
            (void)accounts_.append("long", Offset{at}, events, why).value();
        const auto by_store = [this] { return bytes_per_second([this] { return bytes_by_store(); }); };
        const auto by_client = [this] { return bytes_per_second([this] { return bytes_by_client(); }); };
        return bench::compare({.name = "read of 200,000 events over HttpStore",
                               .unit = "B/s",
                               .peer = "the client's read of the same stream",
                               .target = 0.8},
                              rounds, by_store, by_client);
    }

private:
    static client::ClientOptions uncompressed() { return {.accepts_compression = false}; }

    double commands_per_second() {
        const auto first = fresh();
        return per_second([&](std::size_t number) {
            if (!accounts_.transact(std::to_string(first + number), withdraw, {.metadata = why}).is_appended())
                std::abort();
        });
    }

    double appends_per_second() {
        const auto first = fresh();
        const std::string message(
            accounts_.encode(std::vector<AccountEvent>{bench::Withdrawn{.machine = "atm-100000", .cents = 1}}, why)
                .joined());
        std::vector<client::DurableStream> streams;
        std::vector<client::Offset> tails;
        for (std::size_t i = 0; i < command_count; ++i) {
            streams.push_back(stream_of(std::to_string(first + i)));
            tails.push_back(streams.back().head().value().tail);
        }
        return per_second(
            [&](std::size_t number) { streams[number].append(message, {.if_match = tails[number]}).value(); });
    }

    /// Accounts of ten events each; the number of the first.
    std::size_t fresh() {
        std::vector<AccountEvent> events;
        for (std::size_t i = 0; i < events_before; ++i) events.push_back(event_of(i));
        std::vector<AppendRequest> requests;
        for (std::size_t i = 0; i < command_count; ++i) {
            requests.push_back({.stream = accounts_.stream_of(std::to_string(next_ + i)),
                                .messages = accounts_.encode(events, why),
                                .expected = Offset{0},
                                .create_with = StreamConfig{.content_type = "application/json"}});
            if (requests.size() == 100 || i + 1 == command_count)
                (void)store_->append_all(std::exchange(requests, {})).value();
        }
        return std::exchange(next_, next_ + command_count);
    }

    template <class Work>
    static double per_second(const Work& work) {
        const auto elapsed = bench::seconds([&] {
            std::vector<std::thread> threads;
            for (std::size_t thread = 0; thread < thread_count; ++thread) {
                threads.emplace_back([&, thread] {
                    for (std::size_t i = 0; i < commands_per_thread; ++i) work(thread * commands_per_thread + i);
                });
            }
            for (auto& thread : threads) thread.join();
        });
        return static_cast<double>(command_count) / elapsed;
    }

    static double bytes_per_second(const std::function<std::size_t()>& read) {
        std::size_t bytes = 0;
        const auto elapsed = bench::seconds([&] { bytes = read(); });
        return static_cast<double>(bytes) / elapsed;
    }

    std::size_t bytes_by_store() {
        std::size_t bytes = 0;
        for (ReadFrom from = FromStart{};;) {
            const auto page = store_->read({.stream = "accounts/long", .from = from}).value();
            for (const auto& message : page) bytes += message.data.size();
            if (page.up_to_date) return bytes;
            from = page.next;
        }
    }

    std::size_t bytes_by_client() {
        std::size_t bytes = 0;
        for (const auto& batch : stream_of("long").read()) {
            for (const auto item : batch.items()) bytes += item.size();
        }
        return bytes;
    }

    client::DurableStream stream_of(const std::string& account) {
        return client_.stream(url_ + "/v1/stream/accounts/" + account, {.content_type = "application/json"});
    }

    std::string url_;
    std::unique_ptr<HttpStore> store_;
    client::Client client_{uncompressed()};
    Repository<Account> accounts_{*store_, {.category = "accounts"}};
    std::size_t next_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: remote_bench <url of the server>\n");
        return 2;
    }
    try {
        Peers peers(argv[1]);
        const auto rows = nlohmann::json::array({bench::json_of(peers.transact()), bench::json_of(peers.read())});
        std::printf("%s\n", rows.dump().c_str());
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
