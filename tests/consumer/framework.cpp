// A program of somebody else that writes an aggregate.

#include "foldback/app/repository.hpp"
#include "foldback/store/log_store.hpp"

struct Counted {
    int by = 0;
};
BOOST_DESCRIBE_STRUCT(Counted, (), (by))

struct Count {
    int total = 0;
    void apply(const Counted& counted) { total += counted.by; }
};
using Event = foldback::Events<foldback::Named<"Counted", 1, Counted>>;
using Counter = foldback::Aggregate<Count, Event>;

int main() {
    const auto store = foldback::LogStore::in_memory();
    const foldback::Repository<Counter> counters(*store, {.category = "counters"});
    const std::vector<Event> events{Counted{2}, Counted{3}};
    (void)counters.append("1", foldback::Offset{0}, events).value();
    return counters.load("1").state().total == 5 ? 0 : 1;
}
