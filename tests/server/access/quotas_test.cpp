#include "foldback/server/quotas.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "server/protocol/surface.hpp"
#include "support/temporary_directory.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace std::chrono_literals;

namespace {

/// Somebody who may do everything below a folder.
class Tenant final : public Principal {
public:
    Tenant(std::string folder, Quota quota) : folder_(std::move(folder)), quota_(quota) {}
    [[nodiscard]] std::string_view id() const noexcept override { return folder_; }
    [[nodiscard]] bool may(Verb, std::string_view path) const override { return path.starts_with(folder_); }
    [[nodiscard]] std::vector<std::string> prefixes(Verb) const override { return {folder_}; }
    [[nodiscard]] Quota quota() const noexcept override { return quota_; }

private:
    std::string folder_;
    Quota quota_;
};

/// The protocol over a store, asked by principals.
struct Shared {
    explicit Shared(std::unique_ptr<LogStore> given) : store(std::move(given)) {}

    Response call(const std::shared_ptr<const Principal>& who, Method method, const std::string& path,
                  const std::string& body = {}, Headers headers = {}) {
        headers.emplace_back("content-type", "text/plain");
        Request request{.method = method, .target = path, .headers = std::move(headers), .body = body};
        request.principal = who;
        auto reply = api.handle(std::move(request));
        while (auto* later = std::get_if<std::unique_ptr<Later>>(&reply)) {
            std::mutex mutex;
            std::condition_variable changed;
            bool is_there = false;
            (*later)->start([&] {
                const std::scoped_lock lock(mutex);
                is_there = true;
                changed.notify_all();
            });
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return is_there; });
            auto next = (*later)->take();
            reply = std::move(next);
        }
        if (auto* response = std::get_if<Response>(&reply)) return std::move(*response);
        std::promise<Response> answered;
        std::get<Pending>(reply).start([&](Response response) { answered.set_value(std::move(response)); });
        return answered.get_future().get();
    }
    unsigned put(const std::shared_ptr<const Principal>& who, const std::string& stream, const std::string& body = {}) {
        return call(who, Method::put, "/v1/stream/" + stream, body).status;
    }
    unsigned post(const std::shared_ptr<const Principal>& who, const std::string& stream, const std::string& body) {
        return call(who, Method::post, "/v1/stream/" + stream, body).status;
    }

    ManualClock clock;
    std::unique_ptr<LogStore> store;
    std::unique_ptr<Quotas> quotas = quotas_of(*store, clock);
    Api api{*store, {.requires_principal = true, .quotas = quotas.get()}, clock};
};

std::shared_ptr<const Principal> tenant(std::string folder, Quota quota) {
    return std::make_shared<Tenant>(std::move(folder), quota);
}

}  // namespace

TEST_CASE("a principal creates as many streams as its quota allows, and whoever deletes may create again") {
    Shared shared(LogStore::in_memory());
    const auto ann = tenant("ann/", {.streams = 2});
    const auto bob = tenant("bob/", {.streams = 1});
    const auto eve = tenant("eve/", {});

    CHECK(shared.put(ann, "ann/1") == 201);
    CHECK(shared.put(ann, "ann/2") == 201);
    const auto refused = shared.call(ann, Method::put, "/v1/stream/ann/3");
    CHECK(refused.status == 507);
    CHECK(header(refused, "content-type") == "application/problem+json");
    CHECK(body(refused).find("\"quota\"") != std::string::npos);
    CHECK(shared.put(ann, "ann/1") == 200);  // it is there
    CHECK(shared.post(ann, "ann/1", "x") == 204);
    CHECK(shared.put(bob, "bob/1") == 201);
    CHECK(shared.put(bob, "bob/2") == 507);
    for (int i = 0; i < 10; ++i) CHECK(shared.put(eve, "eve/" + std::to_string(i)) == 201);
    CHECK_FALSE(shared.store->head("ann/3").has_value());

    CHECK(shared.call(ann, Method::remove, "/v1/stream/ann/2").status == 204);
    shared.clock.advance(11s);
    CHECK(shared.put(ann, "ann/3") == 201);
    CHECK(shared.put(ann, "ann/4") == 507);
}

TEST_CASE("a fork and a stream made by an append to several count like any other") {
    Shared shared(LogStore::in_memory());
    const auto ann = tenant("ann/", {.streams = 2});
    const auto together = [&](const std::string& stream) {
        return shared
            .call(ann, Method::post, "/v1/append",
                  R"({"appends":[{"stream":")" + stream +
                      R"(","create":{"content_type":"application/json"},"messages":[1]}]})")
            .status;
    };
    CHECK(shared.put(ann, "ann/1", "x") == 201);
    CHECK(shared.call(ann, Method::put, "/v1/stream/ann/2", {}, {{"stream-forked-from", "/v1/stream/ann/1"}}).status ==
          201);
    CHECK(shared.call(ann, Method::put, "/v1/stream/ann/3", {}, {{"stream-forked-from", "/v1/stream/ann/1"}}).status ==
          507);
    CHECK(together("ann/4") == 507);
    CHECK(shared.call(ann, Method::remove, "/v1/stream/ann/2").status == 204);
    shared.clock.advance(11s);
    CHECK(together("ann/4") == 200);
    CHECK(together("ann/5") == 507);
}

TEST_CASE("what was counted is decided on, however long that took and however full it was") {
    /// So many streams that each count is out of date when it is done.
    struct SlowlyCounted final : Quotas {
        bool knows(const Principal&, std::uint64_t, std::uint64_t) const override { return false; }
        void count(const Principal&) override { REQUIRE(++counts < 10); }
        bool take(const Principal&, std::uint64_t, std::uint64_t) override { return false; }
        int counts = 0;
    } quotas;
    Shared shared(LogStore::in_memory());
    Api api(*shared.store, {.requires_principal = true, .quotas = &quotas}, shared.clock);
    Request request{.method = Method::put, .target = "/v1/stream/ann/1"};
    request.principal = tenant("ann/", {.streams = 1});
    auto reply = api.handle(std::move(request));
    while (auto* later = std::get_if<std::unique_ptr<Later>>(&reply)) {
        std::promise<void> done;
        (*later)->start([&] { done.set_value(); });
        done.get_future().wait();
        auto next = (*later)->take();
        reply = std::move(next);
    }
    CHECK(std::get<Response>(reply).status == 507);
    CHECK(quotas.counts == 1);
}

TEST_CASE("a principal stores as many bytes as its quota allows; one beyond is refused whole") {
    Shared shared(LogStore::in_memory());
    const auto ann = tenant("ann/", {.bytes = 100'000});
    const std::string piece(30'000, 'x');
    CHECK(shared.put(ann, "ann/1", piece) == 201);
    CHECK(shared.post(ann, "ann/1", piece) == 204);
    CHECK(shared.put(ann, "ann/2", piece) == 201);

    CHECK(shared.post(ann, "ann/2", piece) == 507);
    CHECK(shared.put(ann, "ann/3", piece) == 507);
    CHECK(shared.post(ann, "ann/1", "little") == 204);
    CHECK(shared.store->head("ann/2")->tail.offset.value == 30'000);
    shared.clock.advance(11s);
    CHECK(shared.post(ann, "ann/2", piece) == 507);  // counted in the store now

    CHECK(shared.call(ann, Method::remove, "/v1/stream/ann/1").status == 204);
    shared.clock.advance(11s);
    CHECK(shared.post(ann, "ann/2", piece) == 204);
}

TEST_CASE("what a refused or failed write took is given back by counting") {
    Shared shared(LogStore::in_memory());
    const auto ann = tenant("ann/", {.streams = 3, .bytes = 1'000});
    for (int i = 0; i < 50; ++i) CHECK(shared.post(ann, "ann/none", std::string(100, 'x')) >= 404);
    shared.clock.advance(11s);

    for (int i = 0; i < 3; ++i) CHECK(shared.put(ann, "ann/" + std::to_string(i), std::string(100, 'x')) == 201);
}

TEST_CASE("quotas are the same after a restart") {
    test::TemporaryDirectory folder;
    const auto ann = tenant("ann/", {.streams = 2, .bytes = 50'000});
    {
        Shared shared(LogStore::open(folder.path()));
        CHECK(shared.put(ann, "ann/1", std::string(40'000, 'x')) == 201);
        CHECK(shared.put(ann, "ann/2") == 201);
    }
    Shared shared(LogStore::open(folder.path()));
    CHECK(shared.put(ann, "ann/3") == 507);
    CHECK(shared.post(ann, "ann/2", std::string(20'000, 'x')) == 507);
    CHECK(shared.post(ann, "ann/2", "x") == 204);
}

TEST_CASE("of many that create at once exactly as many succeed as the quota has room for") {
    constexpr std::uint64_t room = 25;
    Shared shared(LogStore::in_memory());
    const auto ann = tenant("ann/", {.streams = room});
    std::atomic<int> created{0};
    std::atomic<int> others{0};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 20; ++i) {
                const auto status = shared.put(ann, "ann/" + std::to_string(thread) + "-" + std::to_string(i));
                if (status == 201) ++created;
                if (status != 201 && status != 507) ++others;
            }
        });
    }
    for (auto& thread : threads) thread.join();

    CHECK(created == room);
    CHECK(others == 0);
    CHECK(shared.store->list({.prefix = "ann/"}).streams.size() == room);
}

TEST_CASE("how much a stream has is known before and after the index has it, and for no stream is nothing") {
    ManualClock clock;
    LogStoreOptions options;
    options.clock = &clock;
    options.background_threads = false;
    const auto store = LogStore::in_memory(options);
    const auto append = [&](std::size_t bytes) {
        REQUIRE(store
                    ->append({.stream = "s",
                              .messages = Messages::bytes(std::string(bytes, 'x')),
                              .create_with = StreamConfig{.content_type = "text/plain"}})
                    .has_value());
    };
    CHECK(store->stored_bytes("s") == 0);
    append(10'000);
    const auto fresh = store->stored_bytes("s");
    CHECK(fresh >= 10'000);
    CHECK(fresh < 10'200);
    store->run_until_idle();
    while (store->run_one(LogStore::Work::checkpoint)) {
    }
    CHECK(store->stored_bytes("s") == fresh);
    append(5'000);
    CHECK(store->stored_bytes("s") >= fresh + 5'000);
    CHECK(store->stored_bytes("s") < fresh + 5'200);
    REQUIRE(store->remove("s").has_value());
    CHECK(store->stored_bytes("s") == 0);
}
