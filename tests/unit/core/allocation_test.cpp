#include "foldback/core/codec.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "foldback/app/event_reader.hpp"
#include "foldback/core/aggregate.hpp"
#include "foldback/store/log_store.hpp"

// A program of its own, because it counts what operator new gives out.

namespace {
thread_local std::size_t allocations = 0;  // the store's own threads go on meanwhile
}

void* operator new(std::size_t size) {
    ++allocations;
    if (void* const memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

using namespace foldback;

namespace {

enum class Reason { sale, refund };
BOOST_DESCRIBE_ENUM(Reason, sale, refund)

struct Moved {
    std::int64_t cents = 0;
    double weight = 0;
    Reason reason = Reason::sale;
    std::optional<std::int64_t> discount;
    std::string code;
};
BOOST_DESCRIBE_STRUCT(Moved, (), (cents, weight, reason, discount, code))
struct MovedV1 {
    std::int64_t euros = 0;
};
BOOST_DESCRIBE_STRUCT(MovedV1, (), (euros))
Moved upcast(const MovedV1& old) { return {.cents = old.euros * 100, .discount = {}, .code = {}}; }

struct Noted {
    std::string text;
    std::vector<std::int64_t> numbers;
};
BOOST_DESCRIBE_STRUCT(Noted, (), (text, numbers))

struct Total {
    std::int64_t cents = 0;
    std::size_t characters = 0;
    void apply(const Moved& moved) { cents += moved.cents; }
    void apply(const Noted& noted) { characters += noted.text.size(); }
};
using Ledger = Aggregate<Total, Events<Named<"Moved", 2, Moved, Was<1, MovedV1>>, Named<"Noted", 1, Noted>>>;

/// A page of so many equal messages.
ReadPage page_of(StreamStore& store, int count, const std::string& message) {
    std::string body = "[";
    for (int i = 0; i < count; ++i) body += (i == 0 ? "" : ",") + message;
    const auto stream = StreamPath("ledgers/" + std::to_string(count));
    const auto appended = store.append({.stream = stream,
                                        .messages = Messages::json(body + "]").value(),
                                        .create_with = StreamConfig{.content_type = "application/json"}});
    REQUIRE(appended.has_value());
    return store.read({.stream = stream}).value();
}

/// How often folding a page of so many asks for memory.
std::size_t allocations_of(int count, const std::string& message) {
    const auto store = LogStore::in_memory();
    const auto page = page_of(*store, count, message);
    Ledger ledger;
    const auto before = allocations;
    fold_page(ledger, page, "ledgers/1");
    const auto after = allocations;
    REQUIRE(ledger.offset() == Offset{static_cast<std::uint64_t>(count)});
    return after - before;
}

}  // namespace

TEST_CASE("folding a page allocates nothing for events whose strings are short") {
    const std::string message =
        R"({"type":"Moved","version":2,"id":"0192f3a4-5b6c-7d8e-9f01-23456789abcd","timestamp":"2026-01-02T03:04:05.678Z",)"
        R"("data":{"cents":12345,"weight":1.25,"reason":"refund","discount":7,"code":"SPRING"},)"
        R"("meta":{"correlation":"0192f3a4-5b6c-7d8e-9f01-23456789abcd","actor":"Ada"}})";

    CHECK(allocations_of(1000, message) == 0);
}

TEST_CASE("folding a page allocates nothing for members in another order, for unknown ones and for old versions") {
    CHECK(allocations_of(
              1000,
              R"({"type":"Moved","version":2,"data":{"code":"A","reason":"sale","weight":1,"new":[{}],"cents":3}})") ==
          0);
    CHECK(allocations_of(1000, R"({"type":"Moved","version":1,"data":{"euros":3}})") == 0);
}

TEST_CASE("folding a page allocates what the events' own strings and lists need, and nothing else") {
    const std::string text(40, 'x');

    CHECK(allocations_of(1000, R"({"type":"Noted","version":1,"data":{"text":")" + text + R"(","numbers":[]}})") ==
          1000);
    CHECK(allocations_of(1000, R"({"type":"Noted","version":1,"data":{"text":"","numbers":[5]}})") == 1000);
}

TEST_CASE("strings with escapes are put together in memory that the reader keeps") {
    const std::string message =
        R"({"type":"Noted","version":1,"data":{"text":"\u00e9)" + std::string(40, 'x') + R"(","numbers":[]}})";

    CHECK(allocations_of(1000, message) - allocations_of(10, message) == 990);
}
