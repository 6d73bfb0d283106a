#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace foldback::server::delivery {

/// Which of many things may be under way: so many in all, and so many to one receiver, so that a receiver that does not
/// answer takes a part of the places and never all. Those who wait have their turn in the order they came, each receiver
/// for itself.
template <class Item>
class DeliveryQueue {
public:
    DeliveryQueue(std::size_t places, std::size_t places_per_receiver)
        : free_(places), per_receiver_(places_per_receiver) {}

    void push(const std::string& receiver, Item item) {
        receivers_[receiver].waiting.push_back(std::move(item));
        ++waiting_;
    }

    /// The next that may begin; it has a place until `finish`.
    [[nodiscard]] std::optional<Item> take() {
        if (free_ == 0 || waiting_ == 0) return std::nullopt;
        // Receivers take turns.
        auto next = receivers_.upper_bound(last_);
        for (std::size_t looked = 0; looked < receivers_.size(); ++looked, ++next) {
            if (next == receivers_.end()) next = receivers_.begin();
            auto& [name, receiver] = *next;
            if (receiver.waiting.empty() || receiver.busy == per_receiver_) continue;
            auto item = std::move(receiver.waiting.front());
            receiver.waiting.pop_front();
            ++receiver.busy;
            --waiting_;
            --free_;
            last_ = name;
            return item;
        }
        return std::nullopt;
    }

    void finish(const std::string& receiver) {
        const auto found = receivers_.find(receiver);
        ++free_;
        if (--found->second.busy == 0 && found->second.waiting.empty()) receivers_.erase(found);
    }

    /// Takes those out of the queue that `is_unwanted` says so of.
    template <class Predicate>
    void remove_waiting(const std::string& receiver, const Predicate& is_unwanted) {
        const auto found = receivers_.find(receiver);
        if (found == receivers_.end()) return;
        waiting_ -= std::erase_if(found->second.waiting, is_unwanted);
        if (found->second.busy == 0 && found->second.waiting.empty()) receivers_.erase(found);
    }

private:
    struct Receiver {
        std::deque<Item> waiting;
        std::size_t busy = 0;
    };

    std::map<std::string, Receiver> receivers_;
    std::size_t free_;
    const std::size_t per_receiver_;
    std::size_t waiting_ = 0;
    std::string last_;
};

}  // namespace foldback::server::delivery
