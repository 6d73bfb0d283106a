#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace orders {

/// Pieces of one article promised to orders: a map from order to quantity, in one piece of memory. Every command on an article
/// that is in memory copies its state, and a popular article is promised to hundreds of orders at a time.
class Reservations {
public:
    using key_type = std::string;
    using mapped_type = std::int64_t;
    using value_type = std::pair<key_type, mapped_type>;
    using iterator = std::vector<value_type>::iterator;
    using const_iterator = std::vector<value_type>::const_iterator;

    [[nodiscard]] const_iterator begin() const noexcept { return entries_.begin(); }
    [[nodiscard]] const_iterator end() const noexcept { return entries_.end(); }
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
    [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
    void clear() noexcept { entries_.clear(); }

    /// How much is promised to an order; 0 when nothing is.
    [[nodiscard]] std::int64_t of(const std::string& order) const {
        const auto place = std::lower_bound(entries_.begin(), entries_.end(), order, before);
        return place != entries_.end() && place->first == order ? place->second : 0;
    }
    /// The entry of an order, made with 0 when there is none; and whether it was made.
    std::pair<iterator, bool> try_emplace(const std::string& order) {
        const auto place = std::lower_bound(entries_.begin(), entries_.end(), order, before);
        if (place != entries_.end() && place->first == order) return {place, false};
        return {entries_.emplace(place, order, 0), true};
    }
    void erase(const std::string& order) {
        const auto place = std::lower_bound(entries_.begin(), entries_.end(), order, before);
        if (place != entries_.end() && place->first == order) entries_.erase(place);
    }

    friend bool operator==(const Reservations&, const Reservations&) = default;

private:
    static bool before(const value_type& entry, const std::string& order) { return entry.first < order; }

    std::vector<value_type> entries_;  ///< sorted by order
};

}  // namespace orders
