#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <random>
#include <thread>

#include "fault/answers.hpp"
#include "fault/history_check.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/store/log_store.hpp"
#include "server/http/raw_client.hpp"
#include "server/protocol/sse_parser.hpp"
#include "support/environment.hpp"
#include "support/temporary_directory.hpp"

/// Eight writers and eight readers in threads of their own, through sockets, against a server over a store in a directory.
/// Writers hang up before they are answered, and send again; readers catch up, poll and listen, and hang up, too. What they
/// saw is checked exactly. FOLDBACK_ROUNDS makes as many times the histories.
namespace foldback::fault {
namespace {

constexpr std::size_t streams = 4;
constexpr std::size_t writers_of_a_stream = 2;
constexpr std::size_t readers_of_a_stream = 2;
constexpr std::uint64_t appends_of_a_writer = 1'000;

using Dice = std::mt19937_64;

/// The moments and messages of one history.
struct Counters {
    std::atomic<std::uint64_t> now{0};
    std::atomic<std::uint64_t> messages{0};
    std::atomic<std::uint64_t> operations{0};
};

std::string stream_name(std::size_t number) { return "s" + std::to_string(number); }

class Writer {
public:
    Writer(std::uint16_t port, std::string stream, std::string name, Counters& counters, std::uint64_t seed)
        : port_(port), stream_(std::move(stream)), name_(std::move(name)), counters_(counters), dice_(seed) {}

    void run() {
        for (std::uint64_t seq = 0; seq < appends_of_a_writer; ++seq) {
            AppendSeen append{.message = ++counters_.messages, .producer = name_, .order = seq + 1};
            while (!send(append, seq)) {
            }
        }
    }

    std::vector<AppendSeen> appends;

private:
    /// False: nobody waited for the answer, and it has to be sent again.
    bool send(AppendSeen append, std::uint64_t seq) {
        ++counters_.operations;
        if (!client_) client_.emplace(port_);
        append.invoked = ++counters_.now;
        const auto body =
            "[{\"m\":" + std::to_string(append.message) + ",\"pad\":\"" + std::string(dice_() % 200, 'x') + "\"}]";
        client_->send("POST " + url(stream_) +
                      " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nProducer-Id: " + name_ +
                      "\r\nProducer-Epoch: 0\r\nProducer-Seq: " + std::to_string(seq) +
                      "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        if (dice_() % 50 == 0) {
            client_.reset();
            appends.push_back(append);
            return false;
        }
        const auto answer = client_->receive();
        append.answered = ++counters_.now;
        require_history(answer.status == 200 || answer.status == 204,
                        name_ + " is answered " + std::to_string(answer.status));
        append.duplicate = answer.status == 204;
        append.next_offset = answer.header("stream-next-offset");
        appends.push_back(std::move(append));
        return true;
    }

    std::uint16_t port_;
    std::string stream_;
    std::string name_;
    Counters& counters_;
    Dice dice_;
    std::optional<RawClient> client_;
};

class Reader {
public:
    Reader(std::uint16_t port, std::string stream, Counters& counters, std::uint64_t seed)
        : port_(port), stream_(std::move(stream)), counters_(counters), dice_(seed) {}

    void run() {
        while (!seen.saw_end) {
            ++counters_.operations;
            switch (dice_() % 4) {
                case 0: look_at_tail(); break;
                case 1: read(""); break;
                case 2: read("&live=long-poll"); break;
                default: listen(); break;
            }
        }
    }

    ReaderSeen seen;
    std::vector<TailSeen> tails;

private:
    RawClient& client() {
        if (!client_) client_.emplace(port_);
        return *client_;
    }

    void look_at_tail() {
        const auto invoked = ++counters_.now;
        client().send("HEAD " + url(stream_) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        const auto answer = client().receive(true);
        tails.push_back(
            {.invoked = invoked, .answered = ++counters_.now, .next_offset = answer.header("stream-next-offset")});
    }

    void read(const std::string& how) {
        const auto answer = client().get(url(stream_) + "?offset=" + offset_ + how);
        // A poll so short that the disk had nothing to say yet.
        if (!how.empty() && answer.status == 503) return;
        require_history(answer.status == 200 || answer.status == 204,
                        "a read is answered " + std::to_string(answer.status));
        take(answer.body);
        offset_ = answer.header("stream-next-offset");
        const bool is_last = how.empty() ? answer.header("stream-up-to-date") == "true" : true;
        seen.saw_end = is_last && answer.header("stream-closed") == "true";
    }

    /// Until the server ends it, or the reader goes in the middle of something.
    void listen() {
        RawClient listener(port_);
        listener.send("GET " + url(stream_) + "?offset=" + offset_ + "&live=sse HTTP/1.1\r\nHost: a\r\n\r\n");
        (void)listener.receive_until("\r\n\r\n");
        pending_.clear();
        std::string text;
        for (auto left = dice_() % 30; left > 0; --left) {
            const auto size = std::stoull(listener.receive_until("\r\n"), nullptr, 16);
            if (size == 0) return;
            text += listener.receive_bytes(size + 2).substr(0, size);
            const auto whole = text.rfind("\n\n");
            if (whole == std::string::npos) continue;
            take_events(text.substr(0, whole + 2));
            text.erase(0, whole + 2);
        }
    }

    /// Messages count with the offset that comes after them: a reader that goes in between gets them again.
    void take_events(const std::string& text) {
        for (const auto& event : server::parse_sse(text)) {
            if (event.type == "data") pending_ += event.data;
            if (event.type != "control") continue;
            take(std::exchange(pending_, {}));
            offset_ = string_field(event.data, "streamNextOffset");
            seen.saw_end = event.data.find("\"streamClosed\":true") != std::string::npos;
        }
    }

    void take(std::string_view text) {
        const auto messages = messages_of(text);
        seen.messages.insert(seen.messages.end(), messages.begin(), messages.end());
    }

    std::uint16_t port_;
    std::string stream_;
    Counters& counters_;
    Dice dice_;
    std::string offset_ = "-1";
    std::string pending_;
    std::optional<RawClient> client_;
};

/// Starts threads, and tells the first of what they threw.
class Threads {
public:
    template <class Work>
    void start(Work work) {
        threads_.emplace_back([this, work] {
            try {
                work();
            } catch (const std::exception& error) {
                const std::scoped_lock lock(mutex_);
                if (failure_.empty()) failure_ = error.what();
            }
        });
    }
    void join() {
        for (auto& thread : threads_) thread.join();
        threads_.clear();
        require_history(failure_.empty(), failure_);
    }
    ~Threads() {
        for (auto& thread : threads_) thread.join();
    }

private:
    std::mutex mutex_;
    std::string failure_;
    std::vector<std::thread> threads_;
};

std::vector<std::uint64_t> whole(RawClient& client, const std::string& stream) {
    std::vector<std::uint64_t> log;
    std::string offset = "-1";
    for (bool more = true; more;) {
        const auto answer = client.get(url(stream) + "?offset=" + offset);
        const auto messages = messages_of(answer.body);
        log.insert(log.end(), messages.begin(), messages.end());
        offset = answer.header("stream-next-offset");
        more = answer.header("stream-up-to-date") != "true";
    }
    return log;
}

/// One history, from an empty store to closed streams; how many operations it had.
std::uint64_t live_through(std::uint64_t seed) {
    const test::TemporaryDirectory directory;
    const auto store = LogStore::open(directory.path() / "data", {.segment_bytes = 256 << 10});
    server::Api api(
        *store, {.long_poll_timeout = std::chrono::milliseconds{20}, .sse_lifetime = std::chrono::milliseconds{100}},
        system_clock());
    server::HttpServerOptions options;
    options.port = 0;
    options.threads = 2;
    server::HttpServer server(api, options);
    server.start();
    Counters counters;
    RawClient client(server.port());
    std::deque<Writer> writers;
    std::deque<Reader> readers;
    for (std::size_t i = 0; i < streams; ++i) {
        client.send("PUT " + url(stream_name(i)) +
                    " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n");
        require_history(client.receive().status == 201, "a stream is not created");
    }
    for (std::size_t i = 0; i < streams * writers_of_a_stream; ++i)
        writers.emplace_back(server.port(), stream_name(i % streams), "w" + std::to_string(i), counters,
                             seed * 100 + i);
    for (std::size_t i = 0; i < streams * readers_of_a_stream; ++i)
        readers.emplace_back(server.port(), stream_name(i % streams), counters, seed * 100 + 50 + i);

    Threads reading;
    for (auto& reader : readers) reading.start([&reader] { reader.run(); });
    Threads writing;
    for (auto& writer : writers) writing.start([&writer] { writer.run(); });
    writing.join();
    std::vector<StreamSeen> seen(streams);
    for (std::size_t i = 0; i < streams; ++i) {
        client.send("POST " + url(stream_name(i)) +
                    " HTTP/1.1\r\nHost: a\r\nStream-Closed: true\r\nContent-Length: 0\r\n\r\n");
        require_history(client.receive().status < 300, "a stream is not closed");
        seen[i].closed_at = ++counters.now;
    }
    reading.join();

    for (std::size_t i = 0; i < writers.size(); ++i)
        std::ranges::move(writers[i].appends, std::back_inserter(seen[i % streams].appends));
    for (std::size_t i = 0; i < readers.size(); ++i) {
        seen[i % streams].readers.push_back(std::move(readers[i].seen));
        std::ranges::move(readers[i].tails, std::back_inserter(seen[i % streams].tails));
    }
    for (std::size_t i = 0; i < streams; ++i) {
        std::ranges::sort(seen[i].tails, {}, &TailSeen::invoked);
        const auto log = whole(client, stream_name(i));
        require_history(log.size() == writers_of_a_stream * appends_of_a_writer, "a stream is not whole");
        check_history(stream_name(i), seen[i], log);
    }
    return counters.operations;
}

}  // namespace

TEST_CASE("what eight writers and eight readers see at the same time is one order of what happened") {
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto first = only != 0 ? only : 1;
    const auto histories = only != 0 ? 1 : 20 * test::number_from("FOLDBACK_ROUNDS", 1);
    std::uint64_t operations = 0;
    for (auto seed = first; seed < first + histories; ++seed) {
        try {
            operations += live_through(seed);
        } catch (const std::exception& error) {
            FAIL("FOLDBACK_SEED=", seed, ": ", std::string(error.what()));
        }
    }
    MESSAGE(histories, " histories, ", operations, " operations");
    CHECK(operations > histories * streams * writers_of_a_stream * appends_of_a_writer);
}

}  // namespace foldback::fault
