#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "nodes/clocked_nodes.hpp"
#include "support/environment.hpp"

/// Sliding expiry by a seed: three nodes, clients who come and go, and clocks that differ.
namespace foldback::nodes {

namespace {

/// What clients of a stream were told, and when, by a clock that all believe to know.
class Told {
public:
    void used(milliseconds now) {
        last_use_ = now;
        CHECK_MESSAGE(!over_, "it is there again");
    }
    /// `slack`: how far clocks are from one another.
    void over(milliseconds now, milliseconds ttl, milliseconds slack) {
        over_ = true;
        CHECK(now - last_use_ >= ttl - slack);
    }
    void there(milliseconds now, milliseconds ttl, milliseconds slack) const {
        CHECK_MESSAGE(!over_, "it is there again");
        CHECK(now - last_use_ <= ttl + slack);
    }
    [[nodiscard]] bool is_over() const noexcept { return over_; }

private:
    milliseconds last_use_{0};
    bool over_ = false;
};

/// Three nodes whose clocks differ by up to `skew`, and clients who come and go, until all streams are over.
void run_history(std::uint64_t seed, milliseconds skew) {
    CAPTURE(seed);
    CAPTURE(skew.count());
    constexpr seconds ttl{8};  // a margin of two seconds
    constexpr milliseconds step{50};
    std::mt19937_64 random(seed);
    const auto below = [&](std::uint64_t bound) { return random() % bound; };
    auto common = std::make_shared<test::SharedCommits>(segment_bytes);
    std::vector<std::unique_ptr<Node>> nodes;
    for (int i = 0; i < 3; ++i) {
        nodes.push_back(std::make_unique<Node>(common));
        nodes.back()->clock.advance(milliseconds{below(static_cast<std::uint64_t>(skew.count()) + 1)});
    }
    std::vector<Told> streams(4);
    for (std::size_t i = 0; i < streams.size(); ++i) create_for(*nodes[0], std::to_string(i), ttl);
    milliseconds now{0};
    for (int i = 0; i < 1500; ++i) {
        now += step;
        for (const auto& node : nodes) node->clock.advance(step);
        if (below(3) == 0) {
            // Some streams are used here, others there, and all less and less.
            const auto which = below(streams.size());
            auto& node = *nodes[below(2) == 0 ? which % nodes.size() : below(nodes.size())];
            const auto path = std::to_string(which);
            auto& told = streams[which];
            const bool reads = below(1 + static_cast<std::uint64_t>(i) / 20) == 0;
            const auto answered = reads && below(10) == 0 ? answer(node.store->append(of(path, "1")))
                                  : reads                 ? read(node, path)
                                                          : head(node, path);
            if (answered != "accepted")
                told.over(now, ttl, skew);
            else if (reads)
                told.used(now);
            else
                told.there(now, ttl, skew);
        }
        for (const auto& node : nodes) {
            if (below(2) == 0) node->store->run_until_idle();
        }
    }
    now += ttl + skew;
    for (const auto& node : nodes) node->clock.advance(ttl + skew);
    for (const auto& node : nodes) node->store->run_until_idle();
    for (const auto& node : nodes) CHECK(node->store->list({}).streams.empty());
}

}  // namespace

TEST_CASE("whoever reads where, a stream is over a time to live after its last use, and stays so") {
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto seeds = 20 * test::number_from("FOLDBACK_ROUNDS", 1);
    for (auto seed = only > 0 ? only : 1; seed <= (only > 0 ? only : seeds); ++seed) {
        run_history(seed, milliseconds{0});
        run_history(seed, milliseconds{1'000});
    }
}

}  // namespace foldback::nodes
