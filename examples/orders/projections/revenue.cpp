#include "projections/revenue.hpp"

#include "app/order_commands.hpp"
#include "foldback/app/projection.hpp"

namespace orders {
namespace {

using foldback::ReadModel;
using foldback::RecordedAt;

struct Revenue {
    void apply(ReadModel& model, const OrderPaid& paid, const RecordedAt& where) const {
        add(model, where, 1, paid.amount, Cents{});
    }
    void apply(ReadModel& model, const RefundIssued& issued, const RecordedAt& where) const {
        add(model, where, 0, Cents{}, issued.amount);
    }

private:
    static void add(ReadModel& model, const RecordedAt& where, int payments, Cents paid, Cents refunded) {
        model.execute(
            "INSERT INTO revenue VALUES (date(? / 1000, 'unixepoch'), ?, ?, ?) ON CONFLICT (day) DO UPDATE SET "
            "payments = payments + excluded.payments, paid = paid + excluded.paid, refunded = refunded + "
            "excluded.refunded",
            {where.recorded_at.time_since_epoch().count(), payments, paid.units(), refunded.units()});
    }
};

}  // namespace

foldback::ProjectionDefinition revenue() {
    return foldback::project<OrderEvent>(
        {.name = revenue_name,
         .schema = "CREATE TABLE revenue (day TEXT PRIMARY KEY, payments INTEGER NOT NULL, paid INTEGER NOT NULL, "
                   "refunded INTEGER NOT NULL) WITHOUT ROWID",
         .events = {.categories = {order_category}}},
        Revenue());
}

std::vector<RevenueOfDay> revenue_between(foldback::Database& database, const std::string& from,
                                          const std::string& to) {
    std::vector<RevenueOfDay> days;
    database.read([&](ReadModel& model) {
        model.query(
            "SELECT day, payments, paid, refunded FROM revenue WHERE (? = '' OR day >= ?) AND (? = '' OR day <= ?) "
            "ORDER BY day",
            {from, from, to, to}, [&](const foldback::Row& row) {
                const auto paid = Cents::units(row.integer(2));
                const auto refunded = Cents::units(row.integer(3));
                days.push_back({std::string(row.text(0)), row.integer(1), paid, refunded, paid - refunded});
            });
    });
    return days;
}

}  // namespace orders
