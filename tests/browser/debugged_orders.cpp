#include <algorithm>
#include <charconv>
#include <iostream>
#include <random>
#include <span>
#include <string>

#include "foldback/app/repository.hpp"
#include "foldback/server/api.hpp"
#include "foldback/server/debugger.hpp"
#include "foldback/server/http_server.hpp"
#include "foldback/store/log_store.hpp"

/// Serves a debugger over seeded orders whose reducer has a fault, until standard input ends. Prints its URL.
namespace {

using namespace foldback;

struct Customer {
    std::string name;
    std::string email;
};
BOOST_DESCRIBE_STRUCT(Customer, (), (name, email))

struct PlacedV1 {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(PlacedV1, (), (name))
struct OrderPlaced {
    Customer customer;
    std::string currency;
};
BOOST_DESCRIBE_STRUCT(OrderPlaced, (), (customer, currency))
OrderPlaced upcast(const PlacedV1& old) { return {{old.name, "unknown"}, "EUR"}; }

struct ItemAdded {
    std::string sku;
    int quantity = 0;
    std::int64_t cents_each = 0;
};
BOOST_DESCRIBE_STRUCT(ItemAdded, (), (sku, quantity, cents_each))
struct ItemRemoved {
    std::string sku;
};
BOOST_DESCRIBE_STRUCT(ItemRemoved, (), (sku))
struct PaymentReceived {
    std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(PaymentReceived, (), (cents))

using OrderEvent = Events<Named<"OrderPlaced", 2, OrderPlaced, Was<1, PlacedV1>>, Named<"ItemAdded", 1, ItemAdded>,
                          Named<"ItemRemoved", 1, ItemRemoved>, Named<"PaymentReceived", 1, PaymentReceived>>;

struct Line {
    std::string sku;
    int quantity = 0;
    std::int64_t cents_each = 0;
};
BOOST_DESCRIBE_STRUCT(Line, (), (sku, quantity, cents_each))

struct OrderState {
    std::string status = "new";
    Customer customer;
    std::vector<Line> lines;
    std::int64_t total = 0;
    std::int64_t paid = 0;

    void apply(const OrderPlaced& placed) {
        status = "open";
        customer = placed.customer;
    }
    void apply(const ItemAdded& added) {
        lines.push_back({added.sku, added.quantity, added.cents_each});
        total += added.quantity * added.cents_each;
    }
    void apply(const ItemRemoved& removed) {
        for (auto line = lines.begin(); line != lines.end(); ++line) {
            if (line->sku != removed.sku) continue;
            total -= line->cents_each;  // The fault: one piece, however many there were.
            lines.erase(line);
            return;
        }
    }
    void apply(const PaymentReceived& payment) {
        paid += payment.cents;
        if (paid >= total) status = "paid";
    }
};
BOOST_DESCRIBE_STRUCT(OrderState, (), (status, customer, lines, total, paid))
using Order = Aggregate<OrderState, OrderEvent>;

bool total_matches(const OrderState& order) {
    std::int64_t sum = 0;
    for (const auto& line : order.lines) sum += line.quantity * line.cents_each;
    return order.total == sum;
}

Registry registry() {
    Registry lenses;
    lenses.add<Order>(
        "orders",
        {.invariants = {{"total-matches-lines", total_matches},
                        {"never-overpaid", [](const OrderState& order) { return order.paid <= order.total; }}},
         .identity = {{"/lines", "sku"}},
         .redact = {"/customer/email"}});
    return lenses;
}

/// As if there were two snapshots of an order and a projection that is behind.
std::vector<server::TimelineMark> marks_of(const StreamPath& stream) {
    using Kind = server::TimelineMark::Kind;
    if (stream.text() != "orders/42") return {};
    return {{.kind = Kind::snapshot, .name = "order", .until = Offset{50}},
            {.kind = Kind::snapshot, .name = "order", .until = Offset{100}},
            {.name = "order list", .until = Position{120}}};
}

class Seed {
public:
    Seed(StreamStore& store, ManualClock& clock) : store_(store), clock_(clock) {}

    void message(const std::string& stream, const std::string& text) {
        clock_.advance(std::chrono::milliseconds(2'000 + static_cast<int>(random_() % 60'000)));
        append(stream, std::span<const std::string>(&text, 1));
    }

    /// One commit for many, with no word on what led to what.
    void large_order(const std::string& stream, int events) {
        std::vector<std::string> messages{
            to_envelope(OrderEvent(OrderPlaced{{"Ada Lovelace", "ada@example.org"}, "EUR"}))};
        for (int i = 0; static_cast<int>(messages.size()) < events; ++i) {
            messages.push_back(to_envelope(OrderEvent(ItemAdded{"sku-" + std::to_string(i), 1, 100 + i % 900})));
            if (i >= 8 && static_cast<int>(messages.size()) < events)
                messages.push_back(to_envelope(OrderEvent(ItemRemoved{"sku-" + std::to_string(i - 8)})));
        }
        constexpr std::size_t batch = 500;
        for (std::size_t from = 0; from < messages.size(); from += batch) {
            clock_.advance(std::chrono::minutes(1));
            const auto count = std::min(batch, messages.size() - from);
            append(stream, std::span<const std::string>(messages).subspan(from, count));
        }
    }

    void event(const std::string& stream, const OrderEvent& event) {
        const Metadata metadata{.correlation = stream + "-shopping",
                                .causation = number_ == 0 ? "" : "event-" + std::to_string(number_),
                                .command = "command-" + std::to_string(number_ + 1),
                                .actor = "ada"};
        ++number_;
        message(stream, to_envelope(event, {.id = "event-" + std::to_string(number_),
                                            .timestamp = clock_.now(),
                                            .metadata = &metadata}));
    }

    /// Items come one by one; the first with several pieces that is taken out breaks the total.
    void order(const std::string& stream, int items) {
        static constexpr const char* names[] = {"tea", "cup", "pot", "tray", "spoon", "honey", "sugar", "milk"};
        event(stream, OrderPlaced{{"Ada Lovelace", "ada@example.org"}, "EUR"});
        for (int i = 0; i < items; ++i) {
            const std::string sku = std::string(names[i % 8]) + "-" + std::to_string(i);
            event(stream, ItemAdded{sku, 1 + (i % 7 == 5 ? 2 : 0), 150 + static_cast<std::int64_t>(random_() % 2'000)});
            if (i % 4 == 3) event(stream, ItemRemoved{std::string(names[(i - 1) % 8]) + "-" + std::to_string(i - 1)});
            if (i == items / 2) clock_.advance(std::chrono::minutes(50));
        }
        event(stream, PaymentReceived{1'000});
    }

private:
    void append(const std::string& stream, std::span<const std::string> messages) {
        (void)store_
            .append({.stream = stream,
                     .messages = Messages::trusted_json(messages),
                     .create_with = StreamConfig{.content_type = "application/json"}})
            .value();
    }

    StreamStore& store_;
    ManualClock& clock_;
    std::mt19937 random_{7};
    int number_ = 0;
};

void hostile_events(Seed& seed) {
    const std::string stream = "hostile/<img src=x onerror=alert(1)>";
    seed.message(
        stream,
        R"({"type":"<script>window.broken=1</script>","data":{"a":"</script><script>window.broken=1</script>"}})");
    seed.message(
        stream,
        R"({"type":"<img src=x onerror='window.broken=1'>","data":{"<svg onload=window.broken=1>":"javascript:window.broken=1"}})");
    seed.message(stream,
                 "{\"type\":\"\xE2\x80\xAEgnp.exe\",\"data\":{\"\xE2\x80\xAE right to "
                 "left\":\"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D \xE2\x80\xAE abc\"}}");
    seed.message(stream, R"({"type":"Huge","data":{"text":")" + std::string(300'000, 'x') + R"("}})");
    seed.message(stream,
                 R"({"type":"Odd","data":{"__proto__":{"broken":1},"constructor":1,"":"empty","a/b~c":[[[[]]]]}})");
    seed.message(stream, R"("just text <b>bold</b>")");
}

}  // namespace

int main() {
    ManualClock clock(Timestamp{std::chrono::milliseconds{1'795'425'600'000}});
    LogStoreOptions options;
    options.clock = &clock;
    const auto store = LogStore::in_memory(std::move(options));
    Seed seed(*store, clock);
    seed.message("orders/7", R"({"type":"OrderPlaced","version":1,"id":"old-1","data":{"name":"Grace Hopper"}})");
    seed.message("orders/7",
                 R"({"type":"ItemAdded","version":1,"id":"old-2","data":{"sku":"tea-1","quantity":"two"}})");
    for (int i = 0; i < 12; ++i) seed.order("orders/" + std::to_string(10 + i), 6 + i);
    seed.order("orders/42", 90);
    seed.message(
        "numbers/1",
        R"({"type":"Set", "data":{"id":9007199254740993,"price":1.10,"none":{},"tags":[ ],"text":"a, {b} \"c\""}})");
    seed.message("numbers/1", R"({"type":"Set","data":{"id":18446744073709551615}})");
    hostile_events(seed);
    seed.large_order("orders/large", 100'000);

    server::Api api(*store, {}, clock);
    server::Debugger debugger(*store, registry(), {.build = "orders 1.4.0", .marks = marks_of});
    server::HttpServerOptions http;
    http.port = 0;
    http.threads = 2;
    server::HttpServer server(server::with_debugger(debugger, api), http);
    server.start();
    std::cout << "http://127.0.0.1:" << server.port() << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
    }
    return server.stop(std::chrono::seconds(5)) ? 0 : 1;
}
