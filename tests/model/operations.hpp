#pragma once

#include <functional>
#include <map>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "model/model.hpp"

namespace foldback::model {

using Operation = std::variant<CreateRequest, AppendRequest, std::vector<AppendRequest>, Remove, Truncate>;

/// One line for the report of a failure.
[[nodiscard]] std::string describe(const Operation& operation);

/// What a store says to an operation.
using Outcome = std::variant<Result<Created>, Result<Appended>, Result<std::vector<Appended>>, Result<std::monostate>,
                             Result<Offset>>;

/// Queues an operation; `done` is told its outcome when it is committed.
void submit(StreamStore& store, Operation operation, std::function<void(Outcome)> done);

using Random = std::mt19937_64;

[[nodiscard]] inline std::uint64_t below(Random& random, std::uint64_t bound) { return random() % bound; }
[[nodiscard]] inline bool chance(Random& random, unsigned percent) { return below(random, 100) < percent; }

/// Makes up requests that are mostly reasonable, seen from a model of the store.
class Generator {
public:
    Generator(Random& random, const Model& model, const ManualClock& clock)
        : random_(random), model_(model), clock_(clock) {}

    [[nodiscard]] Operation next();
    [[nodiscard]] std::string any_path();
    /// What was queued and not committed is forgotten with the store.
    void forget_queued() { producers_.clear(); }

private:
    [[nodiscard]] std::string existing_path();
    [[nodiscard]] CreateRequest create();
    [[nodiscard]] CreateRequest fork();
    [[nodiscard]] AppendRequest append();
    [[nodiscard]] AppendRequest append_to(const std::string& path);
    [[nodiscard]] std::vector<AppendRequest> append_all();
    [[nodiscard]] Truncate truncate();
    [[nodiscard]] Producer producer(const std::string& path);
    [[nodiscard]] StreamConfig config();
    [[nodiscard]] Messages messages(Framing framing);
    [[nodiscard]] std::size_t size();
    [[nodiscard]] std::string filled(std::string text, std::size_t size);

    Random& random_;
    const Model& model_;
    const ManualClock& clock_;
    std::uint64_t counter_ = 0;
    std::map<std::string, ProducerState> producers_;  ///< by path and id: the last one made up
};

}  // namespace foldback::model
