#include "store/watchers.hpp"

namespace foldback {

Watchers::Registered Watchers::add(const std::string& path, Offset beyond, std::function<void()> changed) {
    const std::lock_guard lock(shared_->mutex);
    const auto id = shared_->next_id++;
    shared_->by_path[path].emplace(id, Waiter{beyond.value, std::move(changed)});
    ++shared_->count;
    auto cancel = [weak = std::weak_ptr(shared_), path, id] {
        if (const auto shared = weak.lock()) (void)take(*shared, path, id);
    };
    return {Watch(std::move(cancel)), id};
}

Watchers::Registered Watchers::add_feed(Position beyond, std::function<void()> changed) {
    const std::lock_guard lock(shared_->mutex);
    const auto id = shared_->next_id++;
    shared_->feed.emplace(id, Waiter{beyond.value, std::move(changed)});
    ++shared_->count;
    auto cancel = [weak = std::weak_ptr(shared_), id] {
        if (const auto shared = weak.lock()) (void)take_feed(*shared, id);
    };
    return {Watch(std::move(cancel)), id};
}

std::function<void()> Watchers::take(Shared& shared, const std::string& path, std::uint64_t id) {
    const std::lock_guard lock(shared.mutex);
    const auto waiters = shared.by_path.find(path);
    if (waiters == shared.by_path.end()) return {};
    const auto waiter = waiters->second.find(id);
    if (waiter == waiters->second.end()) return {};
    auto changed = std::move(waiter->second.changed);
    waiters->second.erase(waiter);
    if (waiters->second.empty()) shared.by_path.erase(waiters);
    --shared.count;
    return changed;
}

std::function<void()> Watchers::take_feed(Shared& shared, std::uint64_t id) {
    const std::lock_guard lock(shared.mutex);
    const auto waiter = shared.feed.find(id);
    if (waiter == shared.feed.end()) return {};
    auto changed = std::move(waiter->second.changed);
    shared.feed.erase(waiter);
    --shared.count;
    return changed;
}

void Watchers::fire(const std::string& path, std::uint64_t id) {
    if (const auto changed = take(*shared_, path, id)) changed();
}

void Watchers::fire_feed(std::uint64_t id) {
    if (const auto changed = take_feed(*shared_, id)) changed();
}

void Watchers::take_due(Shared& shared, Waiters& waiters, std::uint64_t tail, bool over,
                        std::vector<std::function<void()>>& due) {
    for (auto waiter = waiters.begin(); waiter != waiters.end();) {
        if (!over && tail <= waiter->second.beyond) {
            ++waiter;
            continue;
        }
        due.push_back(std::move(waiter->second.changed));
        waiter = waiters.erase(waiter);
        --shared.count;
    }
}

void Watchers::notify(const std::string& path, Offset tail, bool over) {
    std::vector<std::function<void()>> due;
    {
        const std::lock_guard lock(shared_->mutex);
        const auto waiters = shared_->by_path.find(path);
        if (waiters == shared_->by_path.end()) return;
        take_due(*shared_, waiters->second, tail.value, over, due);
        if (waiters->second.empty()) shared_->by_path.erase(waiters);
    }
    for (const auto& changed : due) changed();
}

void Watchers::notify_feed(Position tail) {
    std::vector<std::function<void()>> due;
    {
        const std::lock_guard lock(shared_->mutex);
        take_due(*shared_, shared_->feed, tail.value, false, due);
    }
    for (const auto& changed : due) changed();
}

}  // namespace foldback
