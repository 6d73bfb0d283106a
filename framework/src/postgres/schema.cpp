#include "postgres/schema.hpp"

#include <array>
#include <string>

#include "foldback/store/errors.hpp"
#include "log/log_files.hpp"
#include "postgres/connection.hpp"

namespace foldback::postgres {
namespace {

constexpr std::int64_t format = 2;
constexpr int origin_digits = 16;
/// Held by whoever makes tables: nodes start at once.
constexpr std::int64_t making_tables = 0x466F6C646261636B;

std::string text_of(Connection& session, const char* sql) {
    std::string text;
    session.run(sql, {}, [&](const Row& row) { text = row.bytes(0); });
    return text;
}

std::string in_hexadecimal(std::uint64_t number) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(origin_digits, '0');
    for (auto digit = text.rbegin(); digit != text.rend(); ++digit, number >>= 4) *digit = digits[number & 15];
    return text;
}

bool has_table(Connection& session, std::string_view name) {
    bool has = false;
    session.run("SELECT (to_regclass(convert_from($1::bytea, 'UTF8')) IS NOT NULL)::int::bigint", {name},
                [&](const Row& row) { has = row.number(0) == 1; });
    return has;
}

/// Nodes that start at once would make the tables at once. The lock goes with the transaction.
void begin_making_tables(Connection& session) {
    session.run("BEGIN");
    session.run("SELECT pg_advisory_xact_lock($1::bigint)", {making_tables}, [](const Row&) {});
}

/// What is in one row is in one page, as it is.
void make_tables(Connection& session) {
    session.run(
        "CREATE TABLE IF NOT EXISTS foldback_log (singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton), format "
        "bigint NOT "
        "NULL, name text NOT NULL, header bytea NOT NULL, beats bigint NOT NULL DEFAULT 0)");
    session.run(
        "CREATE TABLE IF NOT EXISTS foldback_commits (segment bigint, byte bigint, crc bigint, node bigint NOT NULL, "
        "id bigint NOT NULL, header bytea, data bytea NOT NULL, PRIMARY KEY (segment, byte))");
    session.run("ALTER TABLE foldback_commits ALTER COLUMN data SET STORAGE PLAIN");
}

void begin_log(Connection& session, std::uint64_t segment_bytes) {
    log::SegmentHeader first;
    first.number = 1;
    first.epoch = log::fresh_epoch();
    first.next_incarnation = {1};
    first.capacity = segment_bytes;
    const auto header = log::encode_segment_header(first).substr(0, stored_header_bytes);
    const auto name = in_hexadecimal(log::fresh_epoch());
    session.run(
        "INSERT INTO foldback_log (format, name, header) VALUES ($1::bigint, convert_from($2::bytea, 'UTF8'), "
        "$3::bytea) ON CONFLICT DO NOTHING",
        {format, std::string_view(name), std::string_view(header)});
}

/// What the server is too old for, or its system does not offer, is left as it is.
void set_if_known(Connection& session, const char* sql) {
    try {
        (void)text_of(session, sql);
    } catch (const SqlError&) {
    }
}

}  // namespace

void prepare_session(Connection& session) {
    if (text_of(session, "SHOW fsync") != "on")
        throw StorageError("the database does not flush what it commits (fsync = off)");
    const auto commits =
        text_of(session,
                "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') "
                "= 'remote_apply' THEN 'remote_apply' ELSE 'on' END, false)");
    const auto in_force = text_of(session, "SHOW synchronous_commit");
    if (in_force != commits || (in_force != "on" && in_force != "remote_apply"))
        throw StorageError("the database does not let synchronous_commit be on");
    // Each statement is to see what was committed before it had its locks.
    (void)text_of(session, "SELECT set_config('default_transaction_isolation', 'read committed', false)");
    // Who is stopped in the middle of a transaction, or whose machine is gone then, is to hold nobody up.
    (void)text_of(session, "SELECT set_config('idle_in_transaction_session_timeout', '1s', false)");
    // A statement that waits for another one's end, when nobody waits for its own any more, is to go, or it keeps its session.
    set_if_known(session, "SELECT set_config('client_connection_check_interval', '10s', false)");
    // The key is the order in which all is asked for, whatever a planner thinks of tables that were empty when it looked. What it
    // is kept from doing it takes for so dear that it would compile the rest; and it would make a plan for each commit, whose size it looks at.
    (void)text_of(
        session,
        "SELECT set_config('enable_seqscan', 'off', false), set_config('enable_sort', 'off', false), "
        "set_config('enable_bitmapscan', 'off', false), set_config('jit', 'off', false), set_config('plan_cache_mode', "
        "'force_generic_plan', false)");
}

log::SharedOrigin open_schema(Connection& session, std::uint64_t segment_bytes) {
    begin_making_tables(session);
    if (has_table(session, "foldback_partitions"))
        throw StorageError("the database holds a store in several partitions, and was to be opened as one log");
    if (!has_table(session, "foldback_log")) make_tables(session);
    begin_log(session, segment_bytes);
    std::int64_t found_format = 0;
    std::string header;
    log::SharedOrigin origin;
    session.run("SELECT format, name, header FROM foldback_log", {}, [&](const Row& row) {
        found_format = row.number(0);
        origin.name = row.bytes(1);
        header = row.bytes(2);
    });
    session.run("COMMIT");
    if (found_format != format) {
        throw StorageError("the database holds a log of format " + std::to_string(found_format) +
                           "; this version reads format " + std::to_string(format));
    }
    origin.first_segment = segment_in(header, 1);
    return origin;
}

std::vector<std::string> open_partitions(Connection& session, std::size_t count) {
    begin_making_tables(session);
    if (has_table(session, "foldback_log"))
        throw StorageError("the database holds a store in one log, and was to be opened in several partitions");
    session.run(
        "CREATE TABLE IF NOT EXISTS foldback_partitions (singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton), "
        "count bigint NOT NULL)");
    session.run("INSERT INTO foldback_partitions (count) VALUES ($1::bigint) ON CONFLICT DO NOTHING",
                {static_cast<std::int64_t>(count)});
    std::int64_t found = 0;
    session.run("SELECT count FROM foldback_partitions", {}, [&](const Row& row) { found = row.number(0); });
    if (found != static_cast<std::int64_t>(count)) {
        throw StorageError("the database holds a store in " + std::to_string(found) +
                           " partitions, and their number never changes");
    }
    session.run(
        "DO $$ BEGIN FOR i IN 1..(SELECT count FROM foldback_partitions) LOOP EXECUTE format('CREATE SCHEMA IF NOT "
        "EXISTS %I', current_schema() || '_partition_' || i); END LOOP; END $$");
    std::vector<std::string> schemas;
    session.run("SELECT current_schema() || '_partition_' || i FROM generate_series(1, $1::bigint) AS i ORDER BY i",
                {found}, [&](const Row& row) { schemas.emplace_back(row.bytes(0)); });
    session.run("COMMIT");
    return schemas;
}

log::SegmentHeader segment_in(std::string_view header, std::uint64_t number) {
    auto decoded = log::decode_segment_header(header, number);
    if (!decoded) throw StorageError("the database: " + decoded.error());
    return *decoded;
}

void CommitRows::add(const Row& row) {
    const log::Place place{static_cast<std::uint64_t>(row.number(0)), static_cast<std::uint64_t>(row.number(1))};
    const bool begins_commit = !row.is_null(2);
    const bool continues = commit_ && place == log::Place{commit_->place.segment, commit_->place.byte + bytes_.size()};
    if (begins_commit || !continues) finish();
    if (begins_commit) {
        commit_ = {.place = place};
        if (!row.is_null(3)) commit_->begins = segment_in(row.bytes(3), place.segment);
    }
    if (commit_) bytes_ += row.bytes(4);
}

void CommitRows::finish() {
    if (!commit_) return;
    commit_->bytes = bytes_;
    on_commit_(*commit_);
    commit_.reset();
    bytes_.clear();
}

}  // namespace foldback::postgres
