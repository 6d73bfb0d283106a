#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "domain/order_with_stock.hpp"
#include "foldback/core/envelope.hpp"
#include "foldback/store/stream_store.hpp"

namespace orders::cli {

/// A small generator whose numbers are the same on every machine.
class Dice {
public:
    explicit Dice(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15U + 1) {}

    std::uint64_t next();
    /// From 0 to `end` - 1.
    std::uint64_t below(std::uint64_t end) { return next() % end; }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <class Items>
    const auto& pick(const Items& items) {
        return items[below(items.size())];
    }

private:
    std::uint64_t state_;
};

/// Writes what happened in the past: decides commands as the service does, with the times of then, and keeps what comes of
/// it for the next append of many streams in one commit.
class HistoryWriter {
public:
    HistoryWriter(foldback::StreamStore& store, std::uint64_t seed) : store_(store), ids_(seed ^ 0x5EEDU) {}

    void receive(foldback::Timestamp at, const std::string& sku, std::int64_t quantity);
    /// Places an order as it was recorded in that version of the event; receives stock where some is wanting.
    void place(foldback::Timestamp at, const std::string& id, const PlaceOrder& command, unsigned version);
    /// Does nothing when the rules forbid it.
    template <class Command>
    void carry_out(foldback::Timestamp at, const std::string& id, const Command& command, const char* actor);

    [[nodiscard]] const OrderState& order(const std::string& id) { return orders_[id]; }

    /// Appends what is kept. Throws RefusedError, StorageError.
    void flush();
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }
    [[nodiscard]] std::uint64_t kept() const noexcept { return kept_; }

private:
    Shelves shelves_of(const std::vector<std::string>& skus);
    void record(foldback::Timestamp at, const std::string& id, const std::vector<std::string>& skus,
                const OrderWithStock& decision, unsigned placed_version, const char* actor);
    /// The event's id.
    template <class Event>
    std::string keep(foldback::Timestamp at, const std::string& stream, const Event& event,
                     const foldback::Metadata& metadata);
    void keep_text(const std::string& stream, std::string text);
    std::string new_id();

    foldback::StreamStore& store_;
    Dice ids_;
    std::map<std::string, OrderState> orders_;
    std::map<std::string, StockState> stock_;
    std::map<std::string, std::vector<std::string>> pending_;  ///< texts by stream
    std::uint64_t kept_ = 0;
    std::uint64_t written_ = 0;
};

}  // namespace orders::cli
