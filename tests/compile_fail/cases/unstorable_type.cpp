// error: foldback stores no shop::OrderPaid*: wrap it in a struct with a foldback::Codec
#include "shop.hpp"

namespace shop {
auto text = to_json(static_cast<OrderPaid*>(nullptr));
}  // namespace shop
