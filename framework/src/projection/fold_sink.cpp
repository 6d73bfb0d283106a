#include <algorithm>

#include "projection/fold_task.hpp"
#include "projection/parallel.hpp"

namespace foldback::projection {
namespace {

/// How often a batch is delivered to a sink that others are faster than, before it rests like after an error.
constexpr int max_deliveries = 3;

}  // namespace

/// Events that are applied one after the other, in order.
struct FoldTask::Partition {
    std::vector<std::size_t> events;   ///< their places in the range
    std::vector<std::uint64_t> taken;  ///< positions of those that the sink took now
    std::optional<Failure> failure;
};

std::vector<FoldTask::Partition> FoldTask::partitions_of(Range events) const {
    const std::size_t count = options_.background_threads ? definition_.parallelism : 1;
    std::vector<Partition> partitions(count);
    for (std::size_t index = 0; index < events.size(); ++index) {
        const auto& event = events[index];
        if (is_left_out(event) || is_parked(event) || taken_ahead_.contains(event.position.value)) continue;
        const auto which = count == 1 ? 0 : std::hash<std::string>{}(key_of(event)) % count;
        partitions[which].events.push_back(index);
    }
    if (count > 1) std::erase_if(partitions, [](const Partition& partition) { return partition.events.empty(); });
    return partitions;
}

void FoldTask::run(Partition& partition, Range events) const {
    for (const auto index : partition.events) {
        const auto& event = events[index];
        try {
            definition_.sink->apply({.message = event, .replay = is_replay(event)});
            partition.taken.push_back(event.position.value);
            continue;
        } catch (const DatabaseError& error) {
            partition.failure = Failure{index, error.what(), error.environment};
        } catch (const StorageError& error) {
            partition.failure = Failure{index, error.what(), true};
        } catch (const std::exception& error) {
            partition.failure = Failure{index, error.what(), false};
        } catch (...) {
            partition.failure = Failure{index, "an exception that is no std::exception", false};
        }
        return;
    }
}

std::optional<FoldTask::Failure> FoldTask::apply_to_sink(Range events, Position next) {
    for (int attempt = 1;; ++attempt) {
        try {
            return apply_and_flush(events, next);
        } catch (const DeliverAgain& again) {
            if (attempt == max_deliveries) return Failure{events.size(), again.what(), true};
        }
    }
}

std::optional<FoldTask::Failure> FoldTask::apply_and_flush(Range events, Position next) {
    auto partitions = partitions_of(events);
    in_parallel(partitions.size(), [&](std::size_t part) { run(partitions[part], events); });

    std::optional<Failure> first;
    for (auto& partition : partitions) {
        taken_ahead_.insert(partition.taken.begin(), partition.taken.end());
        if (partition.failure && (!first || partition.failure->index < first->index))
            first = std::move(partition.failure);
    }
    auto ledger = moved_to(next);
    std::vector<ParkedEvent> parked;
    for (const auto& event : events) {
        if (taken_ahead_.contains(event.position.value)) {
            ++ledger.applied;
        } else if (!is_left_out(event) && is_parked(event)) {
            parked.push_back(to_park(event, {}, 0));
        }
    }
    try {
        if (!first) commit_sink(ledger, parked);
    } catch (const StorageError& error) {
        first = Failure{events.size(), error.what(), true};
    }
    if (!first) {
        parked_count_ += parked.size();
        return std::nullopt;
    }
    if (sink_keeps_checkpoint_) {
        definition_.sink->discard();
        taken_ahead_.clear();
    }
    return first;
}

void FoldTask::deliver_alone(const Delivery& delivery, Position next) {
    for (int attempt = 1;; ++attempt) {
        try {
            definition_.sink->apply(delivery);
            return flush_sink(next);
        } catch (const DeliverAgain&) {
            if (attempt == max_deliveries) throw;
        }
    }
}

void FoldTask::flush_sink(Position next) {
    try {
        definition_.sink->flush(next);
    } catch (const DeliverAgain&) {
        taken_ahead_.clear();
        throw;
    }
}

void FoldTask::commit_sink(const Ledger& ledger, const std::vector<ParkedEvent>& parked) {
    const auto flush = [&] {
        try {
            flush_sink(ledger.checkpoint);
        } catch (const StorageError&) {
            throw;
        } catch (const DeliverAgain&) {
            throw;
        } catch (const std::exception& error) {
            throw StorageError(std::string("the sink could not be flushed: ") + error.what());
        }
    };
    // The checkpoint that counts is stored last. Parking twice is parking once.
    if (!sink_keeps_checkpoint_) flush();
    is_stale_ = true;
    database_->write([&](ReadModel& model) {
        for (const auto& event : parked) books_.park(model, event);
        books_.save(model, ledger);
    });
    if (sink_keeps_checkpoint_) flush();
    become(ledger);
}

}  // namespace foldback::projection
