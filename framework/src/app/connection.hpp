#pragma once

#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "foldback/app/database.hpp"

namespace foldback::app {

/// Finds statements by a view of their text.
struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

struct FinalizeStatement {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using StatementHandle = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

/// One SQLite connection with its prepared statements: what a ReadModel is. Used by one thread at a time.
///
/// The connection is SQLiteCpp's; statements are SQLite's own, because SQLiteCpp copies every text that it binds.
class Connection final : public ReadModel {
public:
    enum class Role : std::uint8_t { writer, reader };
    Connection(const std::filesystem::path& file, Role role, const DatabaseOptions& options);

    void script(std::string_view sql) override;
    std::uint64_t run(std::string_view sql, std::span<const SqlValue> values,
                      const std::function<void(const Row&)>* each) override;

    void begin();
    /// Throws DatabaseError when SQLite has rolled the transaction back by itself meanwhile (a full disk).
    void commit();
    /// Never throws: a transaction that cannot be rolled back is rolled back by the next opening.
    void roll_back() noexcept;

    /// Runs a statement that users may not: ATTACH, PRAGMA and the like.
    void control(const std::string& sql);

private:
    struct Cached {
        StatementHandle handle;
        bool running = false;
    };

    /// Prepares, so that only `control` may change transactions and files.
    StatementHandle prepare(std::string_view sql, std::string_view* rest = nullptr);
    std::uint64_t step_through(sqlite3_stmt* statement, std::string_view sql, std::span<const SqlValue> values,
                               const std::function<void(const Row&)>* each);
    void bind(sqlite3_stmt* statement, std::string_view sql, std::span<const SqlValue> values);
    int step_control(sqlite3_stmt* statement) noexcept;
    [[noreturn]] void fail(int code, std::string_view sql) const;
    static int authorize(void* self, int action, const char* first, const char* second, const char* schema,
                         const char* trigger);

    SQLite::Database db_;
    bool controlling_ = false;
    std::unordered_map<std::string, Cached, TextHash, std::equal_to<>> statements_;
    StatementHandle begin_;
    StatementHandle commit_;
    StatementHandle roll_back_;
};

/// Whether a result code speaks of the machine and not of what was asked.
[[nodiscard]] bool is_environment(int code) noexcept;

/// A transaction on a connection: rolled back unless committed.
class Transaction {
public:
    explicit Transaction(Connection& connection) : connection_(connection) { connection_.begin(); }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction() {
        if (!committed_) connection_.roll_back();
    }
    void commit() {
        connection_.commit();
        committed_ = true;
    }

private:
    Connection& connection_;
    bool committed_ = false;
};

}  // namespace foldback::app

namespace foldback {

struct Database::Impl {
    Impl(std::filesystem::path path, DatabaseOptions with);

    /// As Database::write; and what it wrote is on disk when it returns, whether the database is durable or not.
    void write_durably(const std::function<void(ReadModel&)>& work);
    /// The caller holds `writing`.
    void write(const std::function<void(ReadModel&)>& work);

    std::filesystem::path file;
    DatabaseOptions options;
    std::mutex writing;  ///< guards `writer`
    app::Connection writer;
    std::mutex pooling;  ///< guards `idle_readers`
    std::vector<std::unique_ptr<app::Connection>> idle_readers;
};

}  // namespace foldback
