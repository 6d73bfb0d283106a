#include <signal.h>

#include <random>
#include <set>

#include "contract/store_fixture.hpp"
#include "killed_process.hpp"
#include "unit/workflow/fulfilment.hpp"

namespace foldback::crash {
namespace {

using namespace workflow_tests;
using contract::TemporaryDirectory;

constexpr int kills = 20;

/// A store, a runner and a workflow that writes down each delivery in the stream `deliveries`.
class Shop {
public:
    Shop(const std::filesystem::path& directory, const Clock& clock, int deliveries_to_live)
        : store(LogStore::open(directory / "store")), left_(deliveries_to_live) {
        auto options = fulfilment_options();
        options.clock = &clock;
        options.dispatch = [this](const FulfilmentCommand& command, const Dispatch& dispatch) {
            deliver(command, dispatch);
        };
        workflow = std::make_unique<FulfilmentWorkflow>(*store, Database::open(directory / "read.db"), options);
        runner = std::make_unique<ProjectionRunner>(*store);
        workflow->add_to(*runner);
    }

    Position append(std::string_view stream, const std::string& text) const {
        return store
            ->append({.stream = stream,
                      .messages = contract::json(text),
                      .create_with = StreamConfig{.content_type = contract::json_type}})
            .value()
            .next_position;
    }

    std::unique_ptr<LogStore> store;
    std::unique_ptr<FulfilmentWorkflow> workflow;
    std::unique_ptr<ProjectionRunner> runner;

private:
    void deliver(const FulfilmentCommand& command, const Dispatch& dispatch) {
        (void)append("deliveries",
                     "\"" + std::string(command.name()) + " " + dispatch.workflow + " " + dispatch.command_id + "\"");
        if (left_ > 0 && --left_ == 0) raise(SIGKILL);  // delivered, and not yet known to be
    }

    int left_;
};

/// Takes orders until it is killed: those with even numbers are paid, the others time out.
void live(const std::filesystem::path& directory, int deliveries_to_live, const std::function<void()>& ready) {
    ManualClock clock;
    Shop shop(directory, clock, deliveries_to_live);
    shop.runner->start();
    ready();
    for (auto number = shop.store->tail().value;; ++number) {
        const auto order = "orders/" + std::to_string(number);
        (void)shop.append(order, R"({"type":"OrderPlaced","version":1,"data":{"customer":"ann"}})");
        auto last = shop.store->tail();
        if (number % 2 == 0) last = shop.append(order, R"({"type":"OrderPaid","version":1,"data":{"amount":1}})");
        (void)shop.runner->wait_for_all(last, std::chrono::milliseconds{5});
        if (number % 5 == 0) {
            clock.advance(std::chrono::hours{2});
            (void)shop.workflow->fire_due();
        }
    }
}

/// What the stream of one workflow must hold, whatever happened.
void check_workflow(StreamStore& store, const StreamPath& path) {
    std::map<std::string, int> types;
    EventReader<FulfilmentWorkflow::Record> reader;
    const auto page = store.read({.stream = path, .max_bytes = 1 << 20}).value();
    reader.read(page, path.text(), [&](const auto& recorded) { ++types[std::string(recorded.type)]; });
    CAPTURE(path.text());
    CHECK(types["Ship"] + types["CancelOrder"] == 1);
    CHECK(types["foldback.TimeoutScheduled"] == 1);
    CHECK(types["foldback.TimedOut"] == types["CancelOrder"]);
}

/// Until an input leads to nothing further: what the projections do is events that they get in turn.
void settle(const Shop& shop) {
    Position tail;
    do {
        tail = shop.store->tail();
        REQUIRE(shop.runner->wait_for_all(tail, std::chrono::minutes{1}) == Waited::reached);
    } while (shop.store->tail() != tail);
}

void check_everything(const std::filesystem::path& directory) {
    ManualClock clock;
    Shop shop(directory, clock, 0);
    shop.runner->start();
    settle(shop);  // inputs that nobody had received yet set their timeouts now
    clock.advance(std::chrono::hours{24 * 365});
    while (shop.workflow->fire_due() > 0) settle(shop);
    shop.runner->stop();

    std::set<std::string> deliveries;
    for (const auto& text : contract::all_messages(*shop.store, "deliveries")) deliveries.insert(text);
    const auto workflows = shop.store->list({.prefix = "fulfilments/", .limit = 100'000}).streams;
    const auto orders = shop.store->list({.prefix = "orders/", .limit = 100'000}).streams;
    for (const auto& info : workflows) check_workflow(*shop.store, info.stream);
    CHECK(workflows.size() == orders.size());
    CHECK(deliveries.size() == workflows.size());
    MESSAGE("workflows " << workflows.size());
    CHECK(workflows.size() > 10);
}

}  // namespace

TEST_CASE("a workflow that is killed at any instant takes each input once, and delivers each command under one id") {
    const auto seed = std::random_device{}();
    CAPTURE(seed);
    std::mt19937 random(seed);
    const TemporaryDirectory directory;
    for (int round = 0; round < kills; ++round) {
        CAPTURE(round);
        const int deliveries = round % 2 == 0 ? static_cast<int>(1 + random() % 10) : 0;
        const auto delay = round % 2 == 0 ? std::nullopt : std::optional(std::chrono::microseconds{random() % 200'000});

        REQUIRE(run_and_kill([&](const std::function<void()>& ready) { live(directory.path(), deliveries, ready); },
                             delay, round % 4 == 1));
    }
    check_everything(directory.path());
}

}  // namespace foldback::crash
