#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "foldback/store/log_store.hpp"
#include "log/faulty_device.hpp"
#include "model/comparison.hpp"
#include "model/index_files.hpp"
#include "model/model.hpp"
#include "model/operations.hpp"

namespace foldback::model {

/// What may go wrong in a run.
struct Swarm {
    unsigned power_losses = 0;  ///< percent of the lives that end so; …
    unsigned kills = 0;         ///< … the others end with the store being closed
    bool midway = false;        ///< power also fails in the middle of writing and of opening
    double sync_fails = 0;
    double write_fails = 0;
    double read_fails = 0;
    double short_write = 0;
    bool single_faults = false;  ///< one call fails, at a moment of chance
    bool full_disk = false;
    bool index_suffers = false;
};

/// A store on a device that fails on purpose, the model beside it, and everything that happens to both: all of it
/// follows from the seed.
class World {
public:
    World(std::uint64_t seed, const Swarm& swarm);
    ~World();

    /// Several lives of the store. Throws Mismatch.
    void run();

    [[nodiscard]] std::uint64_t operations() const noexcept { return operations_; }
    [[nodiscard]] std::uint64_t unknown_outcomes() const noexcept { return unknown_outcomes_; }
    /// What happened last, one line each.
    [[nodiscard]] std::string journal() const;

private:
    struct Completed {
        std::size_t operation;
        Outcome outcome;
    };

    void choose_options();
    void note(std::string line);

    /// False when it was met.
    bool surviving_a_damaged_index(const std::function<void()>& work);

    // One life.
    void live();
    void step();
    void begin_faults();
    void enqueue(Operation operation);
    /// One group, and the model after it; false when nothing was queued.
    bool commit();
    void drain();
    void settle(const Completed& completed, bool breaking);
    void forget_broken_group(const std::vector<std::size_t>& group);
    void expire();
    void rewrite();
    void look();
    void renew();

    // Between two lives.
    void end_life();
    void reopen();
    void open_and_look();
    [[nodiscard]] bool open(bool must_succeed);
    /// Which of the possible pasts it was.
    void find_out();
    void probe();
    void check_log();

    /// Whether something that happened explains an error.
    [[nodiscard]] bool may_have_failed() const;

    Random random_;
    Swarm swarm_;
    ManualClock clock_;
    LogStoreOptions options_;
    IndexFiles index_;
    std::shared_ptr<FaultyDevice> device_;
    std::unique_ptr<LogStore> store_;
    Model model_;
    std::vector<Model> possible_;  ///< what else may have happened, as the store broke
    Generator generator_;

    std::vector<Operation> queued_;  ///< of this life; completed ones stay
    std::vector<Completed> completed_;
    std::uint64_t operations_ = 0;
    std::uint64_t unknown_outcomes_ = 0;
    std::uint64_t faults_before_life_ = 0;
    bool space_may_run_out_ = false;
    bool power_may_fail_ = false;
    bool index_may_be_damaged_ = false;
    std::deque<std::string> journal_;
};

}  // namespace foldback::model
