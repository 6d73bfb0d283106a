#pragma once

#include <string>
#include <vector>

#include "domain/order.hpp"
#include "domain/stock.hpp"
#include "foldback/core/group_decision.hpp"

/// Commands that concern an order and the stock of its articles: both change, or neither.
namespace orders {

/// The stock of one article.
struct Shelf {
    std::string sku;
    const StockState* stock = nullptr;
};
using Shelves = std::vector<Shelf>;
using OrderWithStock = foldback::GroupDecision<OrderEvent, StockEvent>;

/// The articles of an order, each once, sorted: which shelves the decisions below are to be given, in this order.
template <class Lines>
[[nodiscard]] std::vector<std::string> articles_of(const Lines& lines);

/// Reserves what is ordered. Rejects as for the order alone, and out-of-stock.
[[nodiscard]] OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                                    const PlaceOrder& command);
/// Takes what is shipped off the shelves. Rejects as for the order alone, and not-reserved.
[[nodiscard]] OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                                    const ShipOrder& command);
/// Gives back what was reserved.
[[nodiscard]] OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                                    const CancelOrder& command);
[[nodiscard]] OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                                    const CancelUnpaidOrder& command);

extern template std::vector<std::string> articles_of(const std::vector<Line>& lines);
extern template std::vector<std::string> articles_of(const std::vector<OrderedLine>& lines);

}  // namespace orders
