#include <doctest/doctest.h>

#include <string_view>

#include "foldback/server/api.hpp"
#include "foldback/store/log_store.hpp"
#include "foldback/store/read_mode.hpp"
#include "log/device.hpp"
#include "server/http/served.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::testing;

/// Reads that have to wait for a disk (fault row F19).
namespace {

/// A device on which reads of data with a certain word in it are never in memory, and wait while the disk is stuck.
class StickyDevice final : public LogDevice {
public:
    std::unique_ptr<LogFile> open(std::string_view name, Open mode) override {
        return std::make_unique<File>(*this, device_->open(name, mode));
    }
    std::vector<std::string> list() const override { return device_->list(); }
    void rename(std::string_view from, std::string_view to) override { device_->rename(from, to); }
    void remove(std::string_view name) override { device_->remove(name); }
    void sync_directory() override { device_->sync_directory(); }
    std::unique_ptr<DeviceLock> try_lock() override { return device_->try_lock(); }
    std::string describe(std::string_view name) const override { return device_->describe(name); }

    Awaited<bool> stuck{true};
    Awaited<int> reading{0};  ///< reads that reached the disk

private:
    class File final : public LogFile {
    public:
        File(StickyDevice& device, std::unique_ptr<LogFile> file) : device_(device), file_(std::move(file)) {}

        std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) const override {
            const auto count = file_->read_at(offset, out);
            const std::string_view text(reinterpret_cast<const char*>(out.data()), count);
            const bool is_cold = text.find("cold") != std::string_view::npos;
            const bool is_stuck = text.find("stuck") != std::string_view::npos;
            if (!is_cold && !is_stuck) return count;
            if (ReadMode::current() == ReadMode::memory_only) throw NotInMemory();
            device_.reading.change([](int& reads) { ++reads; });
            if (is_stuck) static_cast<void>(device_.stuck.becomes([](bool still) { return !still; }));
            return count;
        }
        void write_at(std::uint64_t offset, std::span<const std::byte> data) override { file_->write_at(offset, data); }
        void sync() override { file_->sync(); }
        void allocate(std::uint64_t size) override { file_->allocate(size); }
        std::uint64_t size() const override { return file_->size(); }

    private:
        StickyDevice& device_;
        std::unique_ptr<LogFile> file_;
    };

    std::shared_ptr<LogDevice> device_ = make_memory_device();
};

constexpr std::uint64_t segment_bytes = 1 << 20;
constexpr std::size_t sse_step_bytes = 256 << 10;

/// A server over streams on such a device: "warm", "cold" and "stuck", each with its name in its data, and "mixed", which is
/// stuck after what one step of an event stream takes. All of it is in a segment that another one follows: what is written last is in memory.
struct ColdServer {
    explicit ColdServer(ApiOptions given = {}) : api(*store, std::move(given), system_clock()) {
        for (const auto* name : {"warm", "cold", "stuck"}) {
            create(name, std::string("it is ") + name);
        }
        create("mixed", std::string(sse_step_bytes - 1, 'x') + "!");
        REQUIRE(store->append({.stream = "mixed", .messages = Messages::bytes("and stuck")}).has_value());
        create("next segment", std::string(segment_bytes, 'x'));
        auto options = on_any_port();
        server.emplace(api, std::move(options));
        server->start();
    }
    ~ColdServer() { get_unstuck(); }

    void create(const char* name, const std::string& data) {
        CreateRequest request{.stream = name, .config = {.content_type = "text/plain"}};
        request.initial = Messages::bytes(data);
        REQUIRE(store->create(std::move(request)).has_value());
    }
    [[nodiscard]] RawClient connect() const { return RawClient(server->port()); }
    void get_unstuck() {
        device->stuck.change([](bool& stuck) { stuck = false; });
    }
    /// Clients whose request will not be answered soon.
    std::vector<RawClient> ask(std::size_t count, std::string_view target) {
        std::vector<RawClient> clients;
        while (clients.size() < count) {
            clients.push_back(connect());
            clients.back().send("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        }
        return clients;
    }
    [[nodiscard]] bool reads(int count) {
        return device->reading.becomes([&](int reading) { return reading >= count; });
    }

    std::shared_ptr<StickyDevice> device = std::make_shared<StickyDevice>();
    std::unique_ptr<LogStore> store = LogStore::over(device, {.segment_bytes = segment_bytes});
    Api api;
    std::optional<HttpServer> server;
};

}  // namespace

TEST_CASE("while one stream's data does not come from the disk, other streams are read and appended to") {
    ColdServer at;
    auto waiting = at.ask(20, "/v1/stream/stuck");
    REQUIRE(at.reads(4));  // half of the threads
    auto good = at.connect();

    for (int i = 0; i < 100; ++i) CHECK(good.get("/v1/stream/warm").body == "it is warm");
    CHECK(good.get("/v1/stream/cold").body == "it is cold");
    good.send("POST /v1/stream/stuck HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n!");
    CHECK(good.receive().status == 204);
    CHECK(at.device->stuck.get());

    at.get_unstuck();
    for (auto& client : waiting) CHECK(client.receive().body.starts_with("it is stuck"));
}

TEST_CASE("more reads than may wait for the disk are told to come again") {
    ColdServer at({.read_threads = 2, .max_queued_reads = 4});
    auto first = at.ask(1, "/v1/stream/stuck");
    REQUIRE(at.reads(1));

    auto others = at.ask(10, "/v1/stream/stuck");
    std::size_t refused = 0;
    auto good = at.connect();
    CHECK(good.get("/v1/stream/cold").status == 200);
    at.get_unstuck();
    for (auto& client : others) {
        const auto response = client.receive();
        if (response.status == 200) continue;
        ++refused;
        CHECK(response.status == 503);
        CHECK(response.header("retry-after") == "1");
        CHECK(response.header("x-content-type-options") == "nosniff");
    }

    CHECK(refused >= 1);
    CHECK(first.front().receive().status == 200);
}

TEST_CASE("live readers of data that is not in memory get it, and hold up nobody meanwhile") {
    ColdServer at;
    auto polls = at.ask(4, "/v1/stream/stuck?offset=-1&live=long-poll");
    auto events = at.ask(4, "/v1/stream/stuck?offset=-1&live=sse");
    REQUIRE(at.reads(4));
    auto good = at.connect();

    CHECK(good.get("/v1/stream/warm").body == "it is warm");
    auto cold_events = at.ask(1, "/v1/stream/cold?offset=-1&live=sse");
    CHECK(cold_events.front().receive_until("\"upToDate\":true}").find("data:it is cold") != std::string::npos);
    CHECK(good.get("/v1/feed?position=now").status == 200);

    at.get_unstuck();
    for (auto& client : polls) CHECK(client.receive().body == "it is stuck");
    for (auto& client : events) {
        CHECK(client.receive_until("\"upToDate\":true}").find("data:it is stuck") != std::string::npos);
    }
}

TEST_CASE("an event stream goes on with data that is not in memory when it comes") {
    ColdServer at;
    auto events = at.ask(1, "/v1/stream/mixed?offset=-1&live=sse");
    static_cast<void>(events.front().receive_until("xx!"));
    REQUIRE(at.reads(1));
    auto good = at.connect();

    CHECK(good.get("/v1/stream/cold").body == "it is cold");
    at.get_unstuck();

    CHECK(events.front().receive_until("\"upToDate\":true}").find("data:and stuck") != std::string::npos);
}

TEST_CASE("what was written last is read without the disk") {
    ColdServer at;
    auto good = at.connect();

    good.send(
        "POST /v1/stream/next%20segment HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: "
        "5\r\n\r\nstuck");
    CHECK(good.receive().status == 204);

    CHECK(good.get("/v1/stream/next%20segment").body.ends_with("xstuck"));
    CHECK(at.device->reading.get() == 0);
}

TEST_CASE("clients that go while their data is fetched leave nothing behind") {
    ColdServer at;
    {
        auto waiting = at.ask(6, "/v1/stream/stuck?offset=-1&live=long-poll");
        REQUIRE(at.reads(4));
    }
    auto good = at.connect();

    CHECK(good.get("/v1/stream/warm").status == 200);
    static_cast<void>(at.server->stop(std::chrono::milliseconds(0)));
    at.get_unstuck();
}
