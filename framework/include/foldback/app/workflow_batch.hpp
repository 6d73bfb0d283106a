#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <iterator>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "foldback/store/stream_store.hpp"

/// What the template of workflows stands on. Not for direct use.
namespace foldback::detail {

/// JSON messages for a stream that is expected where it was read; at offset 0 it is created.
struct GatheredAppend {
    StreamPath stream;
    Offset expected;
    std::vector<std::string> messages{};
};

/// Appends the first of them in one commit, as many as a commit should hold; how many. Those without messages count as appended.
/// Refused: none of these. Throws StorageError. Precondition: not empty, no stream twice.
[[nodiscard]] Result<std::size_t> append_first(StreamStore& store, const std::vector<const GatheredAppend*>& appends);

/// What workflows decided, gathered until all of it is appended. For one thread at a time.
template <class Instance>
class WorkflowBatch {
public:
    using Record = typename Instance::EventType;

    struct Place : GatheredAppend {
        Instance instance;
        std::vector<Record> unfolded{};  ///< decided, and not yet in `instance`

        /// All or nothing, as an input and what it leads to are.
        void add(std::vector<std::string> more, std::vector<Record> records) {
            messages.reserve(messages.size() + more.size());
            std::move(more.begin(), more.end(), std::back_inserter(messages));
            unfolded = std::move(records);
        }
        /// As it will be when all that was gathered is appended.
        [[nodiscard]] const Instance& current() {
            instance.fold(unfolded);
            unfolded.clear();
            return instance;
        }
    };

    /// The workflow `id`, which `load()` reads unless it is here already.
    template <class Load>
    [[nodiscard]] Place& at(const std::string& id, StreamPath stream, const Load& load) {
        const auto found = by_id_.find(id);
        if (found != by_id_.end()) return *found->second;
        Instance instance = load();
        const auto offset = instance.offset();
        order_.push_back({id, {{std::move(stream), offset}, std::move(instance)}});
        by_id_.emplace(id, &order_.back().place);
        return order_.back().place;
    }

    /// Appends what is here, in the order in which the workflows came, and forgets it. When a commit is refused, what it was about
    /// and what follows is still here, and likewise when it throws StorageError.
    [[nodiscard]] std::optional<Refused> append_to(StreamStore& store) {
        while (!order_.empty()) {
            std::vector<const GatheredAppend*> appends;
            for (const auto& entry : order_) appends.push_back(&entry.place);
            const auto appended = append_first(store, appends);
            if (!appended) return appended.error();
            for (std::size_t i = 0; i < *appended; ++i) {
                by_id_.erase(order_.front().id);
                order_.pop_front();
            }
        }
        return std::nullopt;
    }

    void forget() {
        by_id_.clear();
        order_.clear();
    }

private:
    struct Entry {
        std::string id;
        Place place;
    };
    std::deque<Entry> order_;
    std::unordered_map<std::string, Place*> by_id_;
};

}  // namespace foldback::detail
