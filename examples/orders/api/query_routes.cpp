#include <algorithm>
#include <chrono>

#include <boost/describe/enum_from_string.hpp>

#include "api/routes.hpp"
#include "api/schema.hpp"
#include "foldback/app/event_reader.hpp"
#include "foldback/core/codec.hpp"
#include "projections/audit_trail.hpp"
#include "projections/order_list.hpp"
#include "projections/revenue.hpp"
#include "projections/stock_levels.hpp"

namespace orders::api {
namespace {

using foldback::to_json;

constexpr std::uint64_t largest_page = 500;
constexpr std::uint64_t usual_page = 50;
constexpr std::chrono::milliseconds longest_wait{2'000};

struct OrderList {
    std::vector<OrderSummary> orders;
    std::optional<std::string> next;  ///< the address of the next page
};
BOOST_DESCRIBE_STRUCT(OrderList, (), (orders, next))

struct OneOrder {
    OrderSummary summary;
    OrderState order;
};
BOOST_DESCRIBE_STRUCT(OneOrder, (), (summary, order))

/// One event of an order: as it is stored, and as it is understood today.
struct HistoryEntry {
    std::uint64_t offset = 0;
    std::uint64_t position = 0;
    std::int64_t at_ms = 0;
    std::string type;
    std::uint64_t stored_version = 0;
    foldback::JsonText stored;
    std::string event;
    std::uint64_t version = 0;
    foldback::JsonText data;
};
BOOST_DESCRIBE_STRUCT(HistoryEntry, (), (offset, position, at_ms, type, stored_version, stored, event, version, data))

struct History {
    std::string stream;
    std::uint64_t offset = 0;  ///< where the next page begins
    bool complete = true;
    std::vector<HistoryEntry> events;
};
BOOST_DESCRIBE_STRUCT(History, (), (stream, offset, complete, events))

struct Revenue {
    std::vector<RevenueOfDay> days;
    Cents paid;
    Cents refunded;
    Cents net;
};
BOOST_DESCRIBE_STRUCT(Revenue, (), (days, paid, refunded, net))

struct Audit {
    std::vector<AuditEntry> entries;
    std::optional<std::string> next;
};
BOOST_DESCRIBE_STRUCT(Audit, (), (entries, next))

struct StockList {
    std::vector<StockLevel> stock;
    std::optional<std::string> next;
};
BOOST_DESCRIBE_STRUCT(StockList, (), (stock, next))

/// The address of this call with one parameter set anew.
std::string with_parameter(const Call& call, std::string_view name, const std::string& value) {
    std::string address(split_target(call.request.target).path);
    char before = '?';
    const auto add = [&](std::string_view key, std::string_view text) {
        address += before + percent_encoded(key) + "=" + percent_encoded(text);
        before = '&';
    };
    for (const auto& [key, text] : call.query) {
        if (key != name && key != "at_least") add(key, text);
    }
    add(name, value);
    return address;
}

std::size_t limit_of(const Call& call) {
    return std::max<std::uint64_t>(1, call.number("limit", largest_page).value_or(usual_page));
}

OrderQuery order_query_of(const Call& call) {
    OrderQuery query{.status = call.text("status"), .customer = call.text("customer"), .limit = limit_of(call)};
    OrderStatus known{};
    if (query.status && !boost::describe::enum_from_string(query.status->c_str(), known)) {
        throw BadCall(400, "bad-query", "the parameter status is one of placed, paid, shipped, delivered, cancelled");
    }
    auto sort = call.text("sort").value_or("-placed");
    query.descending = sort.starts_with('-');
    if (query.descending) sort.erase(0, 1);
    if (sort == "updated") {
        query.sort = OrderSort::updated;
    } else if (sort == "total") {
        query.sort = OrderSort::total;
    } else if (sort != "placed") {
        throw BadCall(400, "bad-query",
                      "the parameter sort is one of placed, updated, total, or one of these after a -");
    }
    if (const auto after = call.text("after")) {
        const auto mark = after->find('_');
        OrderCursor cursor;
        const auto* const end = after->data() + std::min(mark, after->size());
        const auto parsed = std::from_chars(after->data(), end, cursor.key);
        if (mark == std::string::npos || parsed.ec != std::errc() || parsed.ptr != end) {
            throw BadCall(400, "bad-query", "the parameter after is what `next` of another page said");
        }
        cursor.id = after->substr(mark + 1);
        query.after = std::move(cursor);
    }
    return query;
}

Response list_orders(const Call& call, Shop& shop) {
    const auto query = order_query_of(call);
    wait_for_position(call, shop, order_list_name);
    auto page = find_orders(shop.database(), query);
    OrderList list{.orders = std::move(page.orders), .next = {}};
    if (page.next) list.next = with_parameter(call, "after", std::to_string(page.next->key) + "_" + page.next->id);
    return json_response(to_json(list));
}

Response show_order(const Call& call, Shop& shop) {
    wait_for_position(call, shop, order_list_name);
    auto found = find_order(shop.database(), call.path.at(0));
    if (!found) throw BadCall(404, "order-not-found", "there is no order " + call.path.at(0));
    auto response = json_response(to_json(OneOrder{found->summary, found->state}));
    response.set("etag", "\"" + std::to_string(found->summary.offset) + "\"");
    return response;
}

foldback::StreamPath order_stream(const Call& call) {
    const auto path = std::string(order_category) + "/" + call.path.at(0);
    if (!foldback::StreamPath::problem_with(path).empty() || call.path.at(0).find('/') != std::string::npos) {
        throw BadCall(404, "order-not-found", "there is no such order");
    }
    return path;
}

Response show_history(const Call& call, Shop& shop) {
    const auto stream = order_stream(call);
    const foldback::Offset from{call.number("from", INT64_MAX).value_or(0)};
    const auto page = shop.store().read({.stream = stream, .from = from, .max_messages = limit_of(call)});
    if (!page && page.error().reason == foldback::Refusal::not_found) {
        throw BadCall(404, "order-not-found", "there is no order " + call.path.at(0));
    }
    if (!page && page.error().reason == foldback::Refusal::bad_offset) {
        throw BadCall(400, "bad-query", "the order has not so many events");
    }
    History history{.stream = stream.text(), .offset = page.value().next.offset.value, .complete = page->up_to_date};
    auto message = page->begin();
    foldback::EventReader<OrderEvent> reader;
    reader.read(*page, stream.text(), [&](const foldback::Recorded<OrderEvent>& recorded) {
        while ((*message).offset != recorded.offset) ++message;
        HistoryEntry entry{.offset = recorded.offset.value,
                           .position = recorded.position.value,
                           .at_ms = recorded.recorded_at.time_since_epoch().count(),
                           .type = std::string(recorded.type),
                           .stored_version = recorded.version,
                           .stored = {std::string((*message).data)}};
        std::visit(
            [&]<class One>(const One& event) {
                entry.event = OrderEvent::name_of<One>;
                entry.version = OrderEvent::version_of<One>;
                entry.data = {to_json(event)};
            },
            recorded.event.variant());
        history.events.push_back(std::move(entry));
    });
    return json_response(to_json(history));
}

std::string day_of(const Call& call, std::string_view name) {
    const auto day = call.text(name).value_or("");
    const auto has_form = [&] {
        for (std::size_t i = 0; i < day.size(); ++i) {
            const bool dash = i == 4 || i == 7;
            if (dash ? day[i] != '-' : (day[i] < '0' || day[i] > '9')) return false;
        }
        return day.size() == 10;
    };
    if (!day.empty() && !has_form()) {
        throw BadCall(400, "bad-query", "the parameter " + std::string(name) + " is a day such as 2026-11-23");
    }
    return day;
}

Response show_revenue(const Call& call, Shop& shop) {
    const auto from = day_of(call, "from");
    const auto to = day_of(call, "to");
    wait_for_position(call, shop, revenue_name);
    Revenue answer{.days = revenue_between(shop.database(), from, to)};
    for (const auto& day : answer.days) {
        answer.paid += day.paid;
        answer.refunded += day.refunded;
    }
    answer.net = answer.paid - answer.refunded;
    return json_response(to_json(answer));
}

Response show_audit(const Call& call, Shop& shop) {
    AuditQuery query{.stream = call.text("stream"),
                     .type = call.text("type"),
                     .actor = call.text("actor"),
                     .command = call.text("command"),
                     .limit = limit_of(call)};
    query.before = call.number("before", INT64_MAX).value_or(INT64_MAX);
    wait_for_position(call, shop, audit_trail_name);
    Audit audit{.entries = find_audit(shop.database(), query), .next = {}};
    if (audit.entries.size() == query.limit) {
        audit.next = with_parameter(call, "before", std::to_string(audit.entries.back().position));
    }
    return json_response(to_json(audit));
}

Response show_stock(const Call& call, Shop& shop) {
    const auto limit = limit_of(call);
    wait_for_position(call, shop, stock_levels_name);
    StockList list{.stock = stock_after(shop.database(), call.text("after").value_or(""), limit), .next = {}};
    if (list.stock.size() == limit) list.next = with_parameter(call, "after", list.stock.back().sku);
    return json_response(to_json(list));
}

template <class Answer>
void add(std::vector<Route>& routes, Shop& shop, std::string_view pattern, std::string_view about,
         std::vector<Parameter> query, Response (*answer)(const Call&, Shop&)) {
    Route route{.method = Method::get, .pattern = pattern, .about = about, .query = std::move(query)};
    route.answer_schema = schema_of<Answer>();
    route.answer = [&shop, answer](const Call& call) { return answer(call, shop); };
    routes.push_back(std::move(route));
}

}  // namespace

const Parameter at_least_parameter{
    "at_least", "integer",
    "A position: answer with what was written before it, or 503 when that is not shown in "
    "time"};

void wait_for_position(const Call& call, Shop& shop, const char* projection) {
    const auto position = call.number("at_least", INT64_MAX);
    if (!position) return;
    if (*position > shop.store().tail().value) {
        throw BadCall(400, "bad-query",
                      "nothing was written at that position yet: at_least is what a command answered");
    }
    const auto waited = shop.projections().wait_for(projection, {*position}, longest_wait);
    if (waited == foldback::Waited::reached) return;
    throw BadCall(503, "not-yet",
                  std::string("the read model ") + projection +
                      (waited == foldback::Waited::timed_out ? " is behind; ask again" : " does not run"));
}

void add_query_routes(std::vector<Route>& routes, Shop& shop) {
    const Parameter limit{"limit", "integer", "At most so many; 50 unless given, 500 at most"};
    add<OrderList>(routes, shop, "/api/orders", "The orders, page by page",
                   {{"status", "string", "placed, paid, shipped, delivered or cancelled"},
                    {"customer", "string", "Exactly this customer"},
                    {"sort", "string", "placed, updated or total; after a - the greatest first. -placed unless given"},
                    limit,
                    {"after", "string", "Go on after this: see `next` of a page"},
                    at_least_parameter},
                   list_orders);
    add<OneOrder>(routes, shop, "/api/orders/{id}", "One order", {at_least_parameter}, show_order);
    add<History>(routes, shop, "/api/orders/{id}/history", "The events of an order: as stored, and as understood today",
                 {{"from", "integer", "The first offset wanted"}, limit}, show_history);
    add<Revenue>(
        routes, shop, "/api/revenue", "Payments and refunds by day (UTC)",
        {{"from", "string", "The first day, such as 2026-11-01"}, {"to", "string", "The last day"}, at_least_parameter},
        show_revenue);
    add<Audit>(routes, shop, "/api/audit", "Who did what and when, the newest first",
               {{"stream", "string", "Such as orders/42"},
                {"type", "string", "The event's stored name"},
                {"actor", "string", "Who"},
                {"command", "string", "The command's id"},
                {"before", "integer", "Go on before this position"},
                limit,
                at_least_parameter},
               show_audit);
    add<StockList>(routes, shop, "/api/stock", "What is on the shelves and what of it is promised",
                   {limit, {"after", "string", "Go on after this article"}, at_least_parameter}, show_stock);
}

}  // namespace orders::api
