#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/stock.hpp"
#include "foldback/app/database.hpp"
#include "foldback/app/projection_definition.hpp"

/// What lies on the shelves, and what of it is promised.
namespace orders {

inline constexpr const char* stock_levels_name = "stock-levels";

[[nodiscard]] foldback::ProjectionDefinition stock_levels();

struct StockLevel {
    std::string sku;
    std::int64_t on_hand = 0;
    std::int64_t reserved = 0;
    std::int64_t available = 0;
};
BOOST_DESCRIBE_STRUCT(StockLevel, (), (sku, on_hand, reserved, available))

/// The first `limit` articles after `after`, by their name.
[[nodiscard]] std::vector<StockLevel> stock_after(foldback::Database& database, const std::string& after,
                                                  std::size_t limit);

}  // namespace orders
