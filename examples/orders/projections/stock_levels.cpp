#include "projections/stock_levels.hpp"

#include "app/order_commands.hpp"
#include "foldback/app/projection.hpp"

namespace orders {
namespace {

using foldback::ReadModel;
using foldback::RecordedAt;

constexpr const char* schema = R"sql(
CREATE TABLE stock_levels (sku TEXT PRIMARY KEY, on_hand INTEGER NOT NULL, reserved INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE stock_reservations (
    sku TEXT NOT NULL, order_id TEXT NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY (order_id, sku)
) WITHOUT ROWID;
)sql";

/// A row for each reservation, because what is released or shipped says how much only there. By order, not by article: rows that
/// come together lie together, in pages that are written once.
struct StockLevels {
    void apply(ReadModel& model, const StockReceived& received, const RecordedAt& where) const {
        change(model, sku_of(where), received.quantity, 0);
    }
    void apply(ReadModel& model, const StockReserved& reservation, const RecordedAt& where) const {
        const auto sku = sku_of(where);
        model.execute(
            "INSERT INTO stock_reservations VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET quantity = quantity + "
            "excluded.quantity",
            {sku, reservation.order, reservation.quantity});
        change(model, sku, 0, reservation.quantity);
    }
    void apply(ReadModel& model, const ReservationReleased& released, const RecordedAt& where) const {
        const auto sku = sku_of(where);
        change(model, sku, 0, -take(model, sku, released.order, INT64_MAX));
    }
    void apply(ReadModel& model, const StockShipped& shipped, const RecordedAt& where) const {
        const auto sku = sku_of(where);
        change(model, sku, -shipped.quantity, -take(model, sku, shipped.order, shipped.quantity));
    }

private:
    static std::string_view sku_of(const RecordedAt& where) { return where.stream.substr(where.stream.find('/') + 1); }

    static void change(ReadModel& model, std::string_view sku, std::int64_t on_hand, std::int64_t reserved) {
        model.execute(
            "INSERT INTO stock_levels VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET on_hand = on_hand + "
            "excluded.on_hand, reserved = reserved + excluded.reserved",
            {sku, on_hand, reserved});
    }

    /// Takes at most so much of a reservation; how much that was.
    static std::int64_t take(ReadModel& model, std::string_view sku, const std::string& order, std::int64_t at_most) {
        const auto reserved =
            model
                .value<std::int64_t>("SELECT quantity FROM stock_reservations WHERE sku = ? AND order_id = ?",
                                     {sku, order})
                .value_or(0);
        const auto taken = std::min(reserved, at_most);
        if (taken == reserved) {
            model.execute("DELETE FROM stock_reservations WHERE sku = ? AND order_id = ?", {sku, order});
        } else {
            model.execute("UPDATE stock_reservations SET quantity = quantity - ? WHERE sku = ? AND order_id = ?",
                          {taken, sku, order});
        }
        return taken;
    }
};

}  // namespace

foldback::ProjectionDefinition stock_levels() {
    return foldback::project<StockEvent>(
        {.name = stock_levels_name, .schema = schema, .events = {.categories = {stock_category}}}, StockLevels());
}

std::vector<StockLevel> stock_after(foldback::Database& database, const std::string& after, std::size_t limit) {
    std::vector<StockLevel> levels;
    database.read([&](ReadModel& model) {
        model.query("SELECT sku, on_hand, reserved FROM stock_levels WHERE sku > ? ORDER BY sku LIMIT ?",
                    {after, limit}, [&](const foldback::Row& row) {
                        levels.push_back({std::string(row.text(0)), row.integer(1), row.integer(2),
                                          row.integer(1) - row.integer(2)});
                    });
    });
    return levels;
}

}  // namespace orders
