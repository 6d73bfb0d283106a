#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/order_commands.hpp"
#include "domain/order.hpp"
#include "foldback/app/database.hpp"
#include "foldback/app/projection_definition.hpp"

/// The list of orders: a row for each, as its events say it is.
namespace orders {

inline constexpr const char* order_list_name = "order-list";

/// A Durable State stream: of the entity type `order`, an OrderSummary by the order's id. Whoever follows it has the list, live.
inline constexpr const char* order_list_stream = "views/order-list";

[[nodiscard]] foldback::ProjectionDefinition order_list(Reducer reducer);

struct OrderSummary {
    std::string id;
    std::string customer;
    std::string status;
    std::string channel;
    std::int64_t pieces = 0;
    Cents total;
    Cents paid;
    Cents refunded;
    std::int64_t placed_at_ms = 0;
    std::int64_t updated_at_ms = 0;
    std::uint64_t offset = 0;
};
BOOST_DESCRIBE_STRUCT(OrderSummary, (),
                      (id, customer, status, channel, pieces, total, paid, refunded, placed_at_ms, updated_at_ms,
                       offset))

enum class OrderSort : std::uint8_t { placed, updated, total };

/// A place between two orders of a list.
struct OrderCursor {
    std::int64_t key = 0;
    std::string id;
};

struct OrderQuery {
    std::optional<std::string> status{};
    std::optional<std::string> customer{};
    OrderSort sort = OrderSort::placed;
    bool descending = true;
    std::size_t limit = 50;
    std::optional<OrderCursor> after{};
};

struct OrderPage {
    std::vector<OrderSummary> orders;
    std::optional<OrderCursor> next;  ///< absent: this was all
};

[[nodiscard]] OrderPage find_orders(foldback::Database& database, const OrderQuery& query);

struct OrderDetails {
    OrderSummary summary;
    OrderState state;
};
[[nodiscard]] std::optional<OrderDetails> find_order(foldback::Database& database, const std::string& id);

}  // namespace orders
