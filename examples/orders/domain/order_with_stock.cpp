#include "domain/order_with_stock.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace orders {
namespace {

/// How many pieces of an article are in these lines or items; 0 when there are none.
template <class Items>
std::int64_t quantity_of(const Items& items, const std::string& sku) {
    std::int64_t quantity = 0;
    for (const auto& item : items) quantity += item.sku == sku ? item.quantity : 0;
    return quantity;
}

/// What happens to the order, and on each shelf what `decide_about(shelf)` says.
template <class DecideAbout>
OrderWithStock with_shelves(OrderDecision order, const Shelves& shelves, const DecideAbout& decide_about) {
    if (order.is_rejected()) return order.rejection();
    if (order.is_nothing()) return {};
    std::vector<std::vector<StockEvent>> each;
    for (const auto& shelf : shelves) {
        StockDecision decision = decide_about(shelf);
        if (decision.is_rejected()) {
            const auto& rejection = decision.rejection();
            return foldback::Rejection{rejection.code, shelf.sku + ": " + rejection.text};
        }
        each.push_back(std::move(decision).events());
    }
    return {std::move(order).events(), std::move(each)};
}

OrderWithStock giving_back(OrderDecision order, const Shelves& shelves, const std::string& id) {
    return with_shelves(std::move(order), shelves,
                        [&](const Shelf& shelf) { return decide(*shelf.stock, ReleaseReservation{id}); });
}

}  // namespace

template <class Lines>
std::vector<std::string> articles_of(const Lines& lines) {
    std::vector<std::string> skus;
    for (const auto& line : lines) skus.push_back(line.sku);
    std::sort(skus.begin(), skus.end());
    skus.erase(std::unique(skus.begin(), skus.end()), skus.end());
    return skus;
}

template std::vector<std::string> articles_of(const std::vector<Line>& lines);
template std::vector<std::string> articles_of(const std::vector<OrderedLine>& lines);

OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                      const PlaceOrder& command) {
    return with_shelves(decide(order, command), shelves, [&](const Shelf& shelf) {
        return decide(*shelf.stock, ReserveStock{id, quantity_of(command.lines, shelf.sku)});
    });
}

OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                      const ShipOrder& command) {
    const auto decision = decide(order, command);
    if (decision.events().empty()) return with_shelves(decision, shelves, [](const Shelf&) { return StockDecision{}; });
    const auto& items = std::get<ShipmentSent>(decision.events().front().variant()).items;
    return with_shelves(decision, shelves, [&](const Shelf& shelf) {
        const auto quantity = quantity_of(items, shelf.sku);
        return quantity == 0 ? StockDecision{} : decide(*shelf.stock, ShipStock{id, quantity});
    });
}

OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                      const CancelOrder& command) {
    return giving_back(decide(order, command), shelves, id);
}

OrderWithStock decide(const OrderState& order, const Shelves& shelves, const std::string& id,
                      const CancelUnpaidOrder& command) {
    return giving_back(decide(order, command), shelves, id);
}

}  // namespace orders
