// error: shop::Colour is not described: write BOOST_DESCRIBE_ENUM(shop::Colour, its enumerators) after it
#include "shop.hpp"

namespace shop {
enum class Colour { red };
auto text = from_json<Colour>("\"red\"");
}  // namespace shop
