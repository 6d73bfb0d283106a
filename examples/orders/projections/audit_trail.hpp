#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "foldback/app/database.hpp"
#include "foldback/app/projection_definition.hpp"
#include "foldback/core/upcast.hpp"

/// Who did what, when and why: every event of orders and stock, as it was stored.
namespace orders {

inline constexpr const char* audit_trail_name = "audit-trail";

[[nodiscard]] foldback::ProjectionDefinition audit_trail();

struct AuditEntry {
    std::uint64_t position = 0;
    std::int64_t at_ms = 0;
    std::string stream;
    std::uint64_t offset = 0;
    std::string type;
    std::uint64_t version = 0;
    std::string actor;
    std::string command;
    std::string causation;
    foldback::JsonText data;
};
BOOST_DESCRIBE_STRUCT(AuditEntry, (), (position, at_ms, stream, offset, type, version, actor, command, causation, data))

struct AuditQuery {
    std::optional<std::string> stream{};
    std::optional<std::string> type{};
    std::optional<std::string> actor{};
    std::optional<std::string> command{};
    std::uint64_t before = INT64_MAX;  ///< positions below this, the newest first
    std::size_t limit = 50;
};

[[nodiscard]] std::vector<AuditEntry> find_audit(foldback::Database& database, const AuditQuery& query);

}  // namespace orders
