// The paths that everything waits for, each by itself and on one thread, so that a tool can count their instructions.
// usage: hot_paths PATH COUNT     does it COUNT times, after a warm-up that does not depend on COUNT; see instructions.mjs
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foldback/server/api.hpp"
#include "foldback/store/log_store.hpp"
#include "http/request_head.hpp"
#include "http/response_head.hpp"
#include "million_events.hpp"

namespace {

using namespace foldback;

constexpr std::size_t warm_up = 2'000;
constexpr std::size_t streams_at_once = 64;

const std::string event =
    R"({"type":"OrderPlaced","version":2,"data":{"customer":")" + std::string(140, 'c') + R"("}})";

void require(bool ok, const char* what) {
    if (ok) return;
    std::fprintf(stderr, "hot_paths: %s\n", what);
    std::abort();
}

/// A store without threads, in memory: what it does, the caller does.
std::unique_ptr<LogStore> quiet_store() {
    static const ManualClock clock;
    return LogStore::in_memory({.clock = &clock, .background_threads = false});
}

StreamPath create(LogStore& store, const std::string& path) {
    StreamPath stream(path);
    (void)store.create({.stream = stream, .config = {.content_type = "application/json"}}).value();
    return stream;
}

/// One event to each of 64 streams in one commit, and so on.
void append_singles(std::size_t count) {
    const auto store = quiet_store();
    std::vector<StreamPath> streams;
    for (std::size_t i = 0; i < streams_at_once; ++i) streams.push_back(create(*store, "orders/" + std::to_string(i)));
    const auto message = Messages::trusted_json(std::span(&event, 1));
    const auto append = [&](std::size_t appends) {
        for (std::size_t done = 0; done < appends; done += streams_at_once) {
            for (const auto& stream : streams) {
                store->append({.stream = stream, .messages = message}, [](const Result<Appended>& outcome) {
                    require(outcome.has_value(), "an append failed");
                });
            }
            require(store->run_one(LogStore::Work::commit), "nothing was committed");
        }
    };
    append(warm_up);
    append(count);
}

/// Batches of a thousand; each event counts.
void append_batches(std::size_t count) {
    const auto store = quiet_store();
    const auto stream = create(*store, "orders/1");
    const std::vector<std::string> events(1000, event);
    const auto batch = Messages::trusted_json(std::span(events));
    const auto append = [&](std::size_t messages) {
        for (std::size_t done = 0; done < messages; done += events.size()) {
            (void)store->append({.stream = stream, .messages = batch}).value();
        }
    };
    append(warm_up);
    append(count);
}

/// Page after page, from the start; each event counts.
void read_pages(std::size_t count) {
    const auto store = quiet_store();
    const auto stream = create(*store, "orders/1");
    const std::vector<std::string> events(1000, event);
    for (int i = 0; i < 10; ++i) {
        (void)store->append({.stream = stream, .messages = Messages::trusted_json(std::span(events))}).value();
    }
    store->run_one(LogStore::Work::checkpoint);
    ReadFrom from = FromStart{};
    const auto read = [&](std::size_t messages) {
        for (std::size_t done = 0; done < messages;) {
            const auto page = store->read({.stream = stream, .from = from}).value();
            for (const auto& message : page) done += message.data.size() == event.size() ? 1 : 0;
            from = page.up_to_date ? ReadFrom(FromStart{}) : ReadFrom(page.next);
        }
    };
    read(warm_up);
    read(count);
}

/// From the bytes of a request to the head of its answer, as a connection goes there.
class Session {
public:
    Session() : store_(quiet_store()), api_(*store_, {.read_threads = 1}, clock_) { (void)create(*store_, "orders/1"); }

    void ask(std::string_view bytes, unsigned status) {
        head_.reset();
        require(head_.feed(bytes) == server::http::HeadParser::Outcome::complete, "a request was not understood");
        auto request = head_.request(bytes);
        request.body = bytes.substr(head_.size());
        auto reply = api_.handle(std::move(request));
        if (auto* pending = std::get_if<server::Pending>(&reply)) {
            std::optional<server::Response> got;
            pending->start([&](server::Response response) { got = std::move(response); });
            require(store_->run_one(LogStore::Work::commit) && got, "a write was not answered");
            reply = *std::move(got);
        }
        const auto* response = std::get_if<server::Response>(&reply);
        require(response != nullptr && response->status == status, "a request was answered otherwise");
        answer_.clear();
        require(server::http::append_head(answer_, *response, server::http::body_end(*response, false), {}),
                "an answer has no head");
    }

private:
    ManualClock clock_;
    std::unique_ptr<LogStore> store_;
    server::Api api_;
    server::http::HeadParser head_{{}};
    std::string answer_;
};

std::string post_of_event() {
    return "POST /v1/stream/orders/1 HTTP/1.1\r\nHost: 127.0.0.1:4437\r\nContent-Type: application/json\r\n"
           "Content-Length: " +
           std::to_string(event.size()) + "\r\n\r\n" + event;
}

void http_get(std::size_t count) {
    Session session;
    session.ask(post_of_event(), 204);
    const std::string get = "GET /v1/stream/orders/1?offset=-1 HTTP/1.1\r\nHost: 127.0.0.1:4437\r\nAccept: */*\r\n\r\n";
    for (std::size_t done = 0; done < warm_up + count; ++done) session.ask(get, 200);
}

void http_post(std::size_t count) {
    Session session;
    const auto post = post_of_event();
    for (std::size_t done = 0; done < warm_up + count; ++done) session.ask(post, 204);
}

/// From stored events to a state.
void rehydrate(std::size_t count) {
    constexpr std::size_t history = 1'000;
    const auto store = quiet_store();
    const Repository<bench::Account> accounts(*store, {.category = "accounts"});
    std::vector<bench::AccountEvent> events;
    for (std::size_t i = 0; i < history; ++i) events.push_back(bench::event_of(i));
    (void)accounts.append("1", Offset{0}, events, {}).value();
    for (std::size_t done = 0; done < warm_up + count; done += history) {
        require(accounts.load("1").offset() == Offset{history}, "an account lacks events");
    }
}

struct Path {
    std::string_view name;
    void (*run)(std::size_t count);
};

constexpr Path paths[] = {{"append", append_singles}, {"batch", append_batches}, {"read", read_pages},
                          {"http-get", http_get},     {"http-post", http_post},  {"rehydrate", rehydrate}};

int usage() {
    std::fprintf(stderr, "usage: hot_paths PATH COUNT   PATH is one of:");
    for (const auto& path : paths) std::fprintf(stderr, " %s", path.name.data());
    std::fprintf(stderr, "\n");
    return 2;
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 3) return usage();
    for (const auto& path : paths) {
        if (path.name != argv[1]) continue;
        path.run(std::stoul(argv[2]));
        return 0;
    }
    return usage();
} catch (const std::exception& error) {
    std::fprintf(stderr, "hot_paths: %s\n", error.what());
    return 1;
}
