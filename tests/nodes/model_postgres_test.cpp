#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <filesystem>
#include <vector>

#include "foldback/postgres/postgres_log.hpp"
#include "foldback/store/log_store.hpp"
#include "model/comparison.hpp"
#include "model/model.hpp"
#include "model/operations.hpp"
#include "nodes/state_text.hpp"
#include "support/environment.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary_directory.hpp"

/// Several nodes over a real database against one model of a store. A failure names its seed; FOLDBACK_SEED runs that one alone,
/// FOLDBACK_ROUNDS runs as many times the seeds.
namespace foldback::nodes {
namespace {

using model::below;
using model::chance;

constexpr std::size_t node_count = 3;
constexpr std::size_t journal_lines = 60;
constexpr unsigned steps = 700;

/// What the nodes do, in an order that follows from a seed. Time stands still: how long ago a stream was used is a view that each node has.
class NodesAndModel {
public:
    NodesAndModel(std::uint64_t seed, std::string url)
        : random_(seed), url_(std::move(url)), model_(clock_, max_producers), generator_(random_, model_, clock_) {
        for (auto& node : nodes_) open(node);
    }
    NodesAndModel(const NodesAndModel&) = delete;
    NodesAndModel& operator=(const NodesAndModel&) = delete;
    /// What is still queued is answered while it is destroyed.
    ~NodesAndModel() {
        for (auto& node : nodes_) node.store.reset();
    }

    void run() {
        for (unsigned i = 0; i < steps; ++i) step(nodes_[below(random_, node_count)]);
        for (auto& node : nodes_) commit(node);
        const auto state = state_of(*nodes_[0].store);
        for (auto& node : nodes_) {
            commit(node);  // folds what the others committed
            model::compare_all(*node.store, model_, random_);
            model::require(state_of(*node.store) == state, "the nodes differ");
        }
    }

    [[nodiscard]] std::size_t operations() const noexcept { return operations_; }
    [[nodiscard]] std::string journal() const {
        std::string text;
        for (const auto& line : journal_) text += "    " + line + "\n";
        return text;
    }

private:
    static constexpr std::size_t max_producers = 5;

    struct Node {
        test::TemporaryDirectory directory;
        std::unique_ptr<LogStore> store;
        std::deque<std::pair<model::Operation, std::optional<model::Outcome>>> queued;
    };

    void step(Node& node) {
        const auto dice = below(random_, 100);
        if (dice < 50) return enqueue(node);
        if (dice < 75) return commit(node);
        if (dice < 93) return look(node);
        if (dice < 96) return work(node);
        reopen(node);
    }

    void enqueue(Node& node) {
        auto operation = generator_.next();
        note(node, model::describe(operation));
        ++operations_;
        auto& queued = node.queued.emplace_back(operation, std::nullopt);
        model::submit(*node.store, std::move(operation),
                      [&queued](model::Outcome outcome) { queued.second = std::move(outcome); });
    }

    void commit(Node& node) {
        note(node, "commits");
        while (node.store->run_one(LogStore::Work::commit)) {
        }
        for (; !node.queued.empty(); node.queued.pop_front()) {
            const auto& [operation, outcome] = node.queued.front();
            model::require(outcome.has_value(), "an operation was not answered: " + model::describe(operation));
            try {
                model::apply_and_compare(*outcome, model_, operation);
            } catch (const model::Mismatch& mismatch) {
                throw model::Mismatch(model::describe(operation) + ": " + mismatch.what());
            }
        }
    }

    /// A read may commit what is queued.
    void look(Node& node) {
        commit(node);
        note(node, "is read");
        const auto dice = below(random_, 10);
        if (dice == 0) return model::compare_feed(*node.store, model_, chance(random_, 50) ? "" : "a/", random_);
        if (dice == 1) return model::compare_list(*node.store, model_, chance(random_, 50) ? "" : "b/", random_);
        if (dice < 4) return model::compare_head(*node.store, model_, generator_.any_path());
        model::compare_read(*node.store, model_, generator_.any_path(), random_);
    }

    void work(Node& node) {
        const bool saves = chance(random_, 50);
        note(node, saves ? "saves its index" : "rewrites");
        (void)node.store->run_one(saves ? LogStore::Work::checkpoint : LogStore::Work::rewrite);
    }

    void reopen(Node& node) {
        const bool is_emptied = chance(random_, 30);
        note(node, is_emptied ? "starts empty" : "starts again");
        commit(node);
        node.store.reset();
        if (is_emptied) std::filesystem::remove_all(node.directory.path() / "data");
        open(node);
        model::compare_all(*node.store, model_, random_);
    }

    void open(Node& node) {
        LogStoreOptions options;
        options.clock = &clock_;
        options.background_threads = false;
        options.segment_bytes = segment_bytes_;
        options.max_producers_per_stream = max_producers;
        options.checkpoint_bytes = 16 << 10;
        options.max_resident_streams = 1 + below(random_, 8);
        node.store = LogStore::open_shared(open_postgres_log({.url = url_, .segment_bytes = segment_bytes_}),
                                           node.directory.path() / "data", options);
    }

    void note(const Node& node, const std::string& what) {
        journal_.push_back("node " + std::to_string(&node - nodes_.data()) + ": " + what);
        if (journal_.size() > journal_lines) journal_.pop_front();
    }

    model::Random random_;
    const std::string url_;
    const std::uint64_t segment_bytes_ = 96 << 10;
    ManualClock clock_;
    model::Model model_;
    model::Generator generator_;
    std::array<Node, node_count> nodes_;
    std::deque<std::string> journal_;
    std::size_t operations_ = 0;
};

void run_seed(test::PostgresServer& server, std::uint64_t seed) {
    NodesAndModel world(seed, server.new_schema());
    try {
        world.run();
    } catch (const std::exception& error) {
        FAIL("FOLDBACK_SEED=", seed, ": ", std::string(error.what()), "\n", world.journal());
    }
    CHECK(world.operations() > steps / 4);
}

}  // namespace

TEST_CASE(
    "nodes that work in turn, and start again with and without their copies, do together what the model of one store "
    "does") {
    test::PostgresServer server;
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto seeds = 3 * test::number_from("FOLDBACK_ROUNDS", 1);
    for (auto seed = only > 0 ? only : 1; seed <= (only > 0 ? only : seeds); ++seed) run_seed(server, seed);
}

}  // namespace foldback::nodes
