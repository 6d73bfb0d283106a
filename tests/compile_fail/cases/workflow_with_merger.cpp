// error: a workflow cannot merge its inputs, because each is received by itself: give it an Events whose old versions have structs and upcasters without mergers, and merge in the workflow's state
#include "foldback/app/workflow.hpp"
#include "merger.hpp"

namespace shop {
struct Shipping {};
void begin(foldback::Workflow<Shipping, MergedEvent, Events<Named<"OrderPaid", 1, OrderPaid>>>& workflow) {
    (void)workflow.fire_due();
}
}  // namespace shop
