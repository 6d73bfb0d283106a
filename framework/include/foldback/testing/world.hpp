#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "foldback/app/repository.hpp"
#include "foldback/store/clock.hpp"
#include "foldback/store/log_store.hpp"

namespace foldback::testing {

/// A store in memory on a clock that the test moves, without threads: everything happens when it is asked for, and the
/// same test always stores the same bytes. Ids are "id-1", "id-2", ….
class World {
public:
    World() : store_(LogStore::in_memory({.clock = &clock, .background_threads = false})) {}
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] LogStore& store() noexcept { return *store_; }

    /// The aggregates of a category. The world must outlive it.
    template <class Aggregate>
    [[nodiscard]] Repository<Aggregate> repository(std::string category) {
        return {*store_, {.category = std::move(category), .clock = &clock, .new_id = [this] {
                              return "id-" + std::to_string(++ids_);
                          }}};
    }

    ManualClock clock;

private:
    std::uint64_t ids_ = 0;
    std::unique_ptr<LogStore> store_;
};

}  // namespace foldback::testing
