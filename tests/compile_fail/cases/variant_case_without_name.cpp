// error: shop::OrderPaid has no name as a case of a std::variant: add `static constexpr std::string_view case_name = \"...\";` to it
#include "shop.hpp"

namespace shop {
auto text = to_json(std::variant<OrderPaid, OrderPlaced>{});
}  // namespace shop
