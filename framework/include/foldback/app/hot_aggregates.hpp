#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "foldback/app/loaded.hpp"

/// What the templates of repositories stand on. Not for direct use.
namespace foldback::detail {

/// The aggregates that were used last, at most so many, as they were then. Never the truth: who uses one reads what came
/// after it, or appends under the condition that nothing did. Any thread.
template <class Aggregate>
class HotAggregates {
public:
    using Pointer = std::shared_ptr<const Loaded<Aggregate>>;

    explicit HotAggregates(std::size_t limit) : limit_(limit) {}

    [[nodiscard]] bool is_on() const noexcept { return limit_ > 0; }

    /// Null when it is not there.
    [[nodiscard]] Pointer find(const StreamPath& stream) {
        const std::lock_guard lock(mutex_);
        const auto found = places_.find(stream.text());
        if (found == places_.end()) return nullptr;
        order_.splice(order_.begin(), order_, found->second);
        return found->second->loaded;
    }

    /// Keeps it, unless a later one of the same stream is there; gives up the one that was not used for longest.
    void put(const StreamPath& stream, Pointer loaded) {
        Pointer given_up;  // destroyed after the lock is released
        const std::lock_guard lock(mutex_);
        const auto found = places_.find(stream.text());
        if (found != places_.end()) {
            auto& place = *found->second;
            order_.splice(order_.begin(), order_, found->second);
            const auto key = [](const Pointer& one) { return std::pair(one->incarnation, one->aggregate.offset()); };
            if (key(loaded) >= key(place.loaded)) given_up = std::exchange(place.loaded, std::move(loaded));
            return;
        }
        order_.push_front({stream.text(), std::move(loaded)});
        places_.emplace(order_.front().stream, order_.begin());
        if (order_.size() <= limit_) return;
        given_up = std::move(order_.back().loaded);
        places_.erase(order_.back().stream);
        order_.pop_back();
    }

    /// What `change` makes of `working`, kept from then on. Changes it where it is when nobody else looks at it, and a copy
    /// otherwise: states may be large, and this happens for each command. Throws what `change` throws; then nobody finds what is
    /// left of it.
    template <class Change>
    Pointer put_changed(const StreamPath& stream, Working<Aggregate> working, const Change& change) {
        if (is_on()) {
            const std::lock_guard lock(mutex_);
            const auto found = places_.find(stream.text());
            // With the lock nobody can begin to look at it.
            if (found != places_.end() && working.leaves_alone(found->second->loaded)) {
                order_.splice(order_.begin(), order_, found->second);
                try {
                    change(const_cast<Loaded<Aggregate>&>(*found->second->loaded));
                } catch (...) {
                    erase(found);
                    throw;
                }
                return found->second->loaded;
            }
        }
        change(working.own());
        auto changed = working.share();
        if (is_on()) put(stream, changed);
        return changed;
    }

    void forget(const StreamPath& stream) {
        const std::lock_guard lock(mutex_);
        const auto found = places_.find(stream.text());
        if (found != places_.end()) erase(found);
    }

private:
    struct Place {
        std::string stream;
        Pointer loaded;
    };
    using Places = std::unordered_map<std::string_view, typename std::list<Place>::iterator>;  ///< views into order_

    /// With the lock.
    void erase(typename Places::iterator found) {
        const auto place = found->second;
        places_.erase(found);
        order_.erase(place);
    }

    const std::size_t limit_;
    std::mutex mutex_;
    std::list<Place> order_;  ///< last used first
    Places places_;
};

}  // namespace foldback::detail
