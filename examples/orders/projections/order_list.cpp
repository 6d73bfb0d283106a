#include "projections/order_list.hpp"

#include <boost/describe/enum_to_string.hpp>

#include "domain/faulty_order.hpp"
#include "foldback/app/projection.hpp"

namespace orders {
namespace {

using foldback::ReadModel;
using foldback::RecordedAt;
using foldback::Row;
using foldback::SqlValue;

constexpr const char* schema = R"sql(
CREATE TABLE order_list (
    order_id TEXT PRIMARY KEY NOT NULL, customer TEXT NOT NULL, status TEXT NOT NULL, channel TEXT NOT NULL,
    pieces INTEGER NOT NULL, total INTEGER NOT NULL, paid INTEGER NOT NULL, refunded INTEGER NOT NULL,
    placed_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, "offset" INTEGER NOT NULL, state TEXT NOT NULL
);
CREATE INDEX order_list_placed ON order_list (placed_at, order_id);
CREATE INDEX order_list_status ON order_list (status, placed_at, order_id);
CREATE INDEX order_list_customer ON order_list (customer, placed_at, order_id);
)sql";

constexpr const char* columns =
    "order_id, customer, status, channel, pieces, total, paid, refunded, placed_at, updated_at, \"offset\"";

/// Rows are wide, so the table is one with row ids: new ones are written one after the other, and pages are not split for them.
///
/// A row is the fold of the order's events, by the same `apply` that commands are decided on, with what is sorted and
/// searched by in columns of its own.
template <class State>
struct OrderList {
    foldback::StateCollection<OrderSummary> published{order_list_stream, "order"};

    template <class One>
    requires(OrderEvent::has<One>) void apply(ReadModel& model, const One& event, const RecordedAt& where) const {
        const std::string id(where.stream.substr(where.stream.find('/') + 1));
        const auto now = where.recorded_at.time_since_epoch().count();
        State state;
        auto placed_at = now;
        const auto read = [&](const Row& row) {
            state = foldback::from_json<State>(row.text(0));
            placed_at = row.integer(1);
        };
        if (where.offset > foldback::Offset{0}) {
            model.query("SELECT state, placed_at FROM order_list WHERE order_id = ?", {id}, read);
        }
        state.apply(event);
        std::int64_t pieces = 0;
        for (const auto& line : state.lines) pieces += line.quantity;
        const OrderSummary summary{.id = id,
                                   .customer = state.customer,
                                   .status = name_of(state.status),
                                   .channel = state.channel,
                                   .pieces = pieces,
                                   .total = state.total,
                                   .paid = state.paid,
                                   .refunded = state.refunded,
                                   .placed_at_ms = placed_at,
                                   .updated_at_ms = now,
                                   .offset = where.offset.value + 1};
        save(model, summary, foldback::to_json(state));
        published.put(model, id, summary);
    }

private:
    static void save(ReadModel& model, const OrderSummary& order, const std::string& state) {
        model.execute(
            "INSERT INTO order_list VALUES (?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (order_id) DO UPDATE SET "
            "customer = excluded.customer, status = excluded.status, channel = excluded.channel, "
            "pieces = excluded.pieces, total = excluded.total, paid = excluded.paid, refunded = excluded.refunded, "
            "placed_at = excluded.placed_at, updated_at = excluded.updated_at, \"offset\" = excluded.\"offset\", "
            "state = excluded.state",
            {order.id, order.customer, order.status, order.channel, order.pieces, order.total.units(),
             order.paid.units(), order.refunded.units(), order.placed_at_ms, order.updated_at_ms, order.offset, state});
    }
    static const char* name_of(OrderStatus status) { return boost::describe::enum_to_string(status, "unknown"); }
};

OrderSummary summary_of(const Row& row) {
    return {.id = std::string(row.text(0)),
            .customer = std::string(row.text(1)),
            .status = std::string(row.text(2)),
            .channel = std::string(row.text(3)),
            .pieces = row.integer(4),
            .total = Cents::units(row.integer(5)),
            .paid = Cents::units(row.integer(6)),
            .refunded = Cents::units(row.integer(7)),
            .placed_at_ms = row.integer(8),
            .updated_at_ms = row.integer(9),
            .offset = static_cast<std::uint64_t>(row.integer(10))};
}

const char* column_of(OrderSort sort) {
    switch (sort) {
        case OrderSort::placed: return "placed_at";
        case OrderSort::updated: return "updated_at";
        case OrderSort::total: return "total";
    }
    return "placed_at";
}

std::int64_t key_of(OrderSort sort, const OrderSummary& order) {
    switch (sort) {
        case OrderSort::placed: return order.placed_at_ms;
        case OrderSort::updated: return order.updated_at_ms;
        case OrderSort::total: return order.total.units();
    }
    return 0;
}

}  // namespace

foldback::ProjectionDefinition order_list(Reducer reducer) {
    foldback::ProjectionDefinition definition{
        .name = order_list_name, .schema = schema, .events = {.categories = {order_category}}};
    definition.state_stream = foldback::StateStream{.stream = order_list_stream};
    // Another reducer computes something else: the rows are built anew, beside the old ones.
    definition.on_change = foldback::OnChange::rebuild;
    if (reducer == Reducer::faulty) {
        definition.version = 2;
        return foldback::project<OrderEvent>(std::move(definition), OrderList<FaultyOrderState>());
    }
    return foldback::project<OrderEvent>(std::move(definition), OrderList<OrderState>());
}

OrderPage find_orders(foldback::Database& database, const OrderQuery& query) {
    const std::string column = column_of(query.sort);
    const std::string way = query.descending ? " DESC" : "";
    std::string sql = std::string("SELECT ") + columns + " FROM order_list WHERE 1";
    std::vector<SqlValue> values;
    if (query.status) {
        sql += " AND status = ?";
        values.emplace_back(*query.status);
    }
    if (query.customer) {
        sql += " AND customer = ?";
        values.emplace_back(*query.customer);
    }
    if (query.after) {
        sql += " AND (" + column + ", order_id) " + (query.descending ? "<" : ">") + " (?, ?)";
        values.emplace_back(query.after->key);
        values.emplace_back(query.after->id);
    }
    // One more than wanted tells whether there are more.
    sql += " ORDER BY " + column + way + ", order_id" + way + " LIMIT ?";
    values.emplace_back(query.limit + 1);

    OrderPage page;
    const std::function<void(const Row&)> each = [&](const Row& row) { page.orders.push_back(summary_of(row)); };
    database.read([&](ReadModel& model) { model.run(sql, values, &each); });
    if (page.orders.size() > query.limit) {
        page.orders.pop_back();
        page.next = OrderCursor{key_of(query.sort, page.orders.back()), page.orders.back().id};
    }
    return page;
}

std::optional<OrderDetails> find_order(foldback::Database& database, const std::string& id) {
    std::optional<OrderDetails> found;
    const auto sql = std::string("SELECT ") + columns + ", state FROM order_list WHERE order_id = ?";
    database.read([&](ReadModel& model) {
        model.query(sql, {id}, [&](const Row& row) {
            found = OrderDetails{summary_of(row), foldback::from_json<OrderState>(row.text(11))};
        });
    });
    return found;
}

}  // namespace orders
