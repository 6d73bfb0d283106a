#include "app/connection.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "app/gathering_vfs.hpp"

namespace foldback::app {
namespace {

/// Kept statements beyond which those not running are given up: a handler that writes its values into the text must not
/// fill the memory.
constexpr std::size_t max_statements = 500;

/// Pages in the write-ahead log before they are copied to the file, which takes two syncs while all writers wait: some
/// 32 MB. A page that was written often meanwhile is copied once.
constexpr int checkpoint_pages = 8'000;

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

/// Sees to it that the file, and with it SQLite's own files beside it, can be read by their owner alone.
std::string prepared(const std::filesystem::path& file) {
    if (file.empty()) return ":memory:";
    const int created = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (created >= 0) ::close(created);
    return file.string();
}

SQLite::Database opened(const std::filesystem::path& file, const DatabaseOptions& options) {
    try {
        return SQLite::Database(prepared(file), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX,
                                static_cast<int>(options.busy_timeout.count()),
                                file.empty() ? std::string() : gathering_vfs());
    } catch (const SQLite::Exception& error) {
        throw DatabaseError(file.string() + ": " + error.what(), error.getExtendedErrorCode(), true);
    }
}

/// Resets a statement however its run ends.
class Running {
public:
    Running(sqlite3_stmt* statement, bool& flag) : statement_(statement), flag_(flag) { flag_ = true; }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    ~Running() {
        sqlite3_reset(statement_);
        flag_ = false;
    }

private:
    sqlite3_stmt* statement_;
    bool& flag_;
};

}  // namespace

bool is_environment(int code) noexcept {
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_NOMEM:
        case SQLITE_READONLY:
        case SQLITE_INTERRUPT:
        case SQLITE_IOERR:
        case SQLITE_CORRUPT:
        case SQLITE_FULL:
        case SQLITE_CANTOPEN:
        case SQLITE_PROTOCOL:
        case SQLITE_NOTADB: return true;
        default: return false;
    }
}

Connection::Connection(const std::filesystem::path& file, Role role, const DatabaseOptions& options)
    : db_(opened(file, options)) {
    sqlite3_extended_result_codes(db_.getHandle(), 1);
    if (!file.empty()) control("PRAGMA journal_mode = WAL");
    control(options.durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    control("PRAGMA cache_size = -" + std::to_string(options.cache_bytes / 1024));
    control("PRAGMA temp_store = MEMORY");
    control(options.foreign_keys ? "PRAGMA foreign_keys = ON" : "PRAGMA foreign_keys = OFF");
    if (role == Role::writer) {
        control("PRAGMA wal_autocheckpoint = " + std::to_string(checkpoint_pages));
    } else {
        // Only the writer checkpoints: SQLite before 3.51.3 can corrupt its file when two connections do.
        control("PRAGMA wal_autocheckpoint = 0");
        control("PRAGMA query_only = 1");
        sqlite3_db_config(db_.getHandle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    }
    begin_ = prepare(role == Role::writer ? "BEGIN IMMEDIATE" : "BEGIN");
    commit_ = prepare("COMMIT");
    roll_back_ = prepare("ROLLBACK");
    sqlite3_set_authorizer(db_.getHandle(), &Connection::authorize, this);
}

int Connection::authorize(void* self, int action, const char*, const char*, const char*, const char*) {
    const bool owners_own = action == SQLITE_TRANSACTION || action == SQLITE_SAVEPOINT || action == SQLITE_ATTACH ||
                            action == SQLITE_DETACH;
    return owners_own && !static_cast<Connection*>(self)->controlling_ ? SQLITE_DENY : SQLITE_OK;
}

void Connection::fail(int code, std::string_view sql) const {
    std::string words =
        code == SQLITE_RANGE ? "the number of values is not that of the `?`" : sqlite3_errmsg(db_.getHandle());
    throw DatabaseError(words + " (in: " + std::string(sql.substr(0, 300)) + ")", code, is_environment(code));
}

StatementHandle Connection::prepare(std::string_view sql, std::string_view* rest) {
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(db_.getHandle(), sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, &tail);
    if (code != SQLITE_OK) fail(code, sql);
    if (rest != nullptr) *rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
    return StatementHandle(statement);
}

void Connection::bind(sqlite3_stmt* statement, std::string_view sql, std::span<const SqlValue> values) {
    if (static_cast<std::size_t>(sqlite3_bind_parameter_count(statement)) != values.size()) fail(SQLITE_RANGE, sql);
    int index = 0;
    for (const auto& value : values) {
        ++index;
        const int code = std::visit(
            Overloaded{[&](std::nullptr_t) { return sqlite3_bind_null(statement, index); },
                       [&](std::int64_t number) { return sqlite3_bind_int64(statement, index, number); },
                       [&](double number) { return sqlite3_bind_double(statement, index, number); },
                       [&](std::string_view text) {
                           // Without data() SQLite would bind NULL.
                           return sqlite3_bind_text64(statement, index, text.data() == nullptr ? "" : text.data(),
                                                      text.size(), SQLITE_STATIC, SQLITE_UTF8);
                       },
                       [&](Blob blob) {
                           return sqlite3_bind_blob64(statement, index,
                                                      blob.bytes.data() == nullptr ? "" : blob.bytes.data(),
                                                      blob.bytes.size(), SQLITE_STATIC);
                       }},
            value.held());
        if (code != SQLITE_OK) fail(code, sql);
    }
}

std::uint64_t Connection::step_through(sqlite3_stmt* statement, std::string_view sql, std::span<const SqlValue> values,
                                       const std::function<void(const Row&)>* each) {
    bind(statement, sql, values);
    int code = sqlite3_step(statement);
    while (code == SQLITE_ROW) {
        if (each != nullptr) (*each)(Row(statement));
        code = sqlite3_step(statement);
    }
    if (code != SQLITE_DONE) fail(code, sql);
    return sqlite3_stmt_readonly(statement) != 0 ? 0 : static_cast<std::uint64_t>(sqlite3_changes64(db_.getHandle()));
}

std::uint64_t Connection::run(std::string_view sql, std::span<const SqlValue> values,
                              const std::function<void(const Row&)>* each) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
        std::string_view rest;
        auto handle = prepare(sql, &rest);
        if (!handle || rest.find_first_not_of(" \t\r\n;") != std::string_view::npos) {
            throw DatabaseError("not one statement: " + std::string(sql.substr(0, 300)), SQLITE_MISUSE, false);
        }
        if (statements_.size() >= max_statements)
            std::erase_if(statements_, [](const auto& kept) { return !kept.second.running; });
        found = statements_.emplace(std::string(sql), Cached{std::move(handle), false}).first;
    }
    if (found->second.running) {  // a query inside the same query
        const auto another = prepare(sql);
        return step_through(another.get(), sql, values, each);
    }
    const Running running(found->second.handle.get(), found->second.running);
    return step_through(found->second.handle.get(), sql, values, each);
}

void Connection::script(std::string_view sql) {
    while (true) {
        std::string_view rest;
        const auto statement = prepare(sql, &rest);
        if (statement) step_through(statement.get(), sql.substr(0, sql.size() - rest.size()), {}, nullptr);
        if (rest.empty()) return;
        sql = rest;
    }
}

void Connection::control(const std::string& sql) {
    controlling_ = true;
    try {
        script(sql);
    } catch (...) {
        controlling_ = false;
        throw;
    }
    controlling_ = false;
}

int Connection::step_control(sqlite3_stmt* statement) noexcept {
    // SQLite may have to prepare it again, and asks the authorizer again when it does.
    controlling_ = true;
    const int code = sqlite3_step(statement);
    sqlite3_reset(statement);
    controlling_ = false;
    return code;
}

void Connection::begin() {
    const int code = step_control(begin_.get());
    if (code != SQLITE_DONE) fail(code, "BEGIN");
}

void Connection::commit() {
    if (sqlite3_get_autocommit(db_.getHandle()) != 0) {
        throw DatabaseError("SQLite rolled the transaction back after an error that nobody acted upon",
                            SQLITE_ABORT_ROLLBACK, true);
    }
    const int code = step_control(commit_.get());
    if (code != SQLITE_DONE) fail(code, "COMMIT");
}

void Connection::roll_back() noexcept {
    if (sqlite3_get_autocommit(db_.getHandle()) != 0) return;
    step_control(roll_back_.get());
}

}  // namespace foldback::app

namespace foldback {

int Row::columns() const noexcept { return sqlite3_column_count(static_cast<sqlite3_stmt*>(statement_)); }

void* Row::checked(int column) const {
    if (column < 0 || column >= columns()) throw std::out_of_range("the row has no column " + std::to_string(column));
    return statement_;
}

std::string_view Row::name(int column) const {
    return sqlite3_column_name(static_cast<sqlite3_stmt*>(checked(column)), column);
}

bool Row::is_null(int column) const {
    return sqlite3_column_type(static_cast<sqlite3_stmt*>(checked(column)), column) == SQLITE_NULL;
}

std::int64_t Row::integer(int column) const {
    return sqlite3_column_int64(static_cast<sqlite3_stmt*>(checked(column)), column);
}

double Row::real(int column) const {
    return sqlite3_column_double(static_cast<sqlite3_stmt*>(checked(column)), column);
}

std::string_view Row::text(int column) const {
    auto* statement = static_cast<sqlite3_stmt*>(checked(column));
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    return text == nullptr ? std::string_view()
                           : std::string_view(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

std::string_view Row::blob(int column) const {
    auto* statement = static_cast<sqlite3_stmt*>(checked(column));
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, column));
    return bytes == nullptr
               ? std::string_view()
               : std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

}  // namespace foldback
