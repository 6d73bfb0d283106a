// compiles
#include "merger.hpp"

namespace shop {
struct MergedState {
    void apply(const OrderPlaced&) {}
};
Aggregate<MergedState, MergedEvent> order;
}  // namespace shop
