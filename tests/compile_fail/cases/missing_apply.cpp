// error: shop::ForgetfulState has no apply for shop::OrderPaid: add `void apply(const shop::OrderPaid& event);` to shop::ForgetfulState
#include "shop.hpp"

namespace shop {
struct ForgetfulState {
    void apply(const OrderPlaced&) {}
};
Aggregate<ForgetfulState, Events<Named<"OrderPlaced", 1, OrderPlaced>, Named<"OrderPaid", 1, OrderPaid>>> order;
}  // namespace shop
