#include "projections/audit_trail.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "app/order_commands.hpp"
#include "foldback/app/sink.hpp"
#include "foldback/core/corrupt_event.hpp"
#include "foldback/core/envelope.hpp"

namespace orders {
namespace {

using foldback::ReadModel;
using foldback::SqlValue;

/// Types that one in a few entries has: whoever asks for one meets it soon, and needs no index. Not to keep one for these makes
/// an order a twentieth cheaper.
constexpr std::array<std::string_view, 6> everyday_types{"OrderPlaced",       "OrderPaid",     "ShipmentSent",
                                                         "ShipmentDelivered", "StockReserved", "StockShipped"};

/// Said by the index and by the query that is to use it, word for word. (NOT IN would make a table of the names for each row.)
std::string is_rare() {
    std::string terms;
    for (const auto type : everyday_types)
        terms += (terms.empty() ? "type <> '" : " AND type <> '") + std::string(type) + "'";
    return terms;
}

constexpr const char* tables = R"sql(
CREATE TABLE audit_trail (
    position INTEGER PRIMARY KEY, at INTEGER NOT NULL, stream TEXT NOT NULL, "offset" INTEGER NOT NULL,
    type TEXT NOT NULL, version INTEGER NOT NULL, actor TEXT NOT NULL, command TEXT NOT NULL, causation TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX audit_trail_stream ON audit_trail (stream);
CREATE INDEX audit_trail_command ON audit_trail (command);
CREATE INDEX audit_trail_rare_type ON audit_trail (type) WHERE )sql";

/// No types and no upcasting here: an audit trail shows what is stored, also what nobody understands any more.
void add(ReadModel& model, const foldback::Delivery& delivery) {
    const auto& message = delivery.message;
    foldback::EnvelopeReader envelope;
    foldback::Metadata metadata;
    std::string data;
    try {
        envelope.open(message.data);
        data = envelope.data().skip();
        envelope.read_rest();
        envelope.read_metadata(metadata);
    } catch (const foldback::JsonError& error) {
        throw foldback::CorruptEvent(message.stream, message.offset.offset, error.what());
    }
    const auto at = envelope.has_timestamp() ? envelope.timestamp() : message.committed_at;
    model.execute("INSERT INTO audit_trail VALUES (?,?,?,?,?,?,?,?,?,?)",
                  {message.position.value, at.time_since_epoch().count(), message.stream, message.offset.offset.value,
                   envelope.type(), envelope.version(), metadata.actor, metadata.command, metadata.causation, data});
}

}  // namespace

foldback::ProjectionDefinition audit_trail() {
    foldback::ProjectionDefinition definition{.name = audit_trail_name,
                                              .schema = tables + is_rare(),
                                              .events = {.categories = {order_category, stock_category}}};
    definition.apply = add;
    return definition;
}

std::vector<AuditEntry> find_audit(foldback::Database& database, const AuditQuery& query) {
    std::string sql = "SELECT * FROM audit_trail WHERE position < ?";
    std::vector<SqlValue> values{query.before};
    const auto filter = [&](const char* column, const std::optional<std::string>& wanted) {
        if (!wanted) return;
        sql += std::string(" AND ") + column + " = ?";
        values.emplace_back(*wanted);
    };
    filter("stream", query.stream);
    filter("type", query.type);
    if (query.type && std::ranges::find(everyday_types, *query.type) == everyday_types.end())
        sql += " AND " + is_rare();
    filter("actor", query.actor);
    filter("command", query.command);
    sql += " ORDER BY position DESC LIMIT ?";
    values.emplace_back(query.limit);

    std::vector<AuditEntry> entries;
    const std::function<void(const foldback::Row&)> each = [&](const foldback::Row& row) {
        entries.push_back({.position = row.get<std::uint64_t>(0),
                           .at_ms = row.integer(1),
                           .stream = row.get<std::string>(2),
                           .offset = row.get<std::uint64_t>(3),
                           .type = row.get<std::string>(4),
                           .version = row.get<std::uint64_t>(5),
                           .actor = row.get<std::string>(6),
                           .command = row.get<std::string>(7),
                           .causation = row.get<std::string>(8),
                           .data = {row.get<std::string>(9)}});
    };
    database.read([&](ReadModel& model) { model.run(sql, values, &each); });
    return entries;
}

}  // namespace orders
