#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "domain/order_events.hpp"
#include "foldback/app/database.hpp"
#include "foldback/app/projection_definition.hpp"

/// Money that came in and went back, by day (UTC).
namespace orders {

inline constexpr const char* revenue_name = "revenue";

[[nodiscard]] foldback::ProjectionDefinition revenue();

struct RevenueOfDay {
    std::string day;  ///< 2026-11-23
    std::int64_t payments = 0;
    Cents paid;
    Cents refunded;
    Cents net;
};
BOOST_DESCRIBE_STRUCT(RevenueOfDay, (), (day, payments, paid, refunded, net))

/// From one day to another, both included; empty: without an end. Days without money are left out.
[[nodiscard]] std::vector<RevenueOfDay> revenue_between(foldback::Database& database, const std::string& from,
                                                        const std::string& to);

}  // namespace orders
