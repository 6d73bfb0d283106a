// error: a projection cannot merge events, because it goes on in the middle of a stream: give it an Events whose old versions have structs and upcasters without mergers, and merge in the read model
#include "foldback/app/projection.hpp"
#include "merger.hpp"

namespace shop {
struct Orders {
    void apply(ReadModel&, const OrderPlaced&) const {}
};
const auto definition = project<MergedEvent>({.name = "orders"}, Orders{});
}  // namespace shop
