// error: shop::Line is not described: write BOOST_DESCRIBE_STRUCT(shop::Line, (), (its members)) after it, or specialise foldback::Codec for it
#include "shop.hpp"

namespace shop {
struct Line {
    int cents = 0;
};
struct Basket {
    std::vector<Line> lines;
};
BOOST_DESCRIBE_STRUCT(Basket, (), (lines))
std::string text = to_json(Basket{});
}  // namespace shop
