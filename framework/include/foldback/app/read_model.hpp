#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "foldback/store/errors.hpp"

namespace foldback {

/// SQLite said no. `what()` holds its words and the statement.
class DatabaseError : public StorageError {
public:
    DatabaseError(const std::string& what, int sqlite_code, bool from_environment)
        : StorageError(what), code(sqlite_code), environment(from_environment) {}

    int code;          ///< SQLite's extended result code
    bool environment;  ///< the disk, the memory or a lock is at fault, and not the statement or its values
};

/// Bytes that are stored as a BLOB. Views what it was made from.
struct Blob {
    std::string_view bytes;
};

/// One value on its way to SQLite. Views texts and blobs: they must live until the call that takes the value returns.
class SqlValue {
public:
    SqlValue(std::nullptr_t) {}                        // NOLINT(google-explicit-constructor): reads like a value
    SqlValue(double value) : value_(value) {}          // NOLINT(google-explicit-constructor)
    SqlValue(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-constructor)
    SqlValue(const char* text) : value_(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
    SqlValue(const std::string& text) : value_(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
    SqlValue(Blob blob) : value_(blob) {}                                  // NOLINT(google-explicit-constructor)

    /// Throws std::out_of_range for what SQLite's signed 64 bits do not hold.
    template <std::integral Integer>
    SqlValue(Integer value) : value_(checked(value)) {}  // NOLINT(google-explicit-constructor)

    /// NULL when absent.
    template <class Value>
    requires std::constructible_from<SqlValue, const Value&> SqlValue(
        const std::optional<Value>& value) {  // NOLINT(google-explicit-constructor)
        if (value) *this = SqlValue(*value);
    }

    using Held = std::variant<std::nullptr_t, std::int64_t, double, std::string_view, Blob>;
    [[nodiscard]] const Held& held() const noexcept { return value_; }

private:
    template <std::integral Integer>
    static std::int64_t checked(Integer value) {
        if constexpr (!std::same_as<Integer, bool>) {
            if (!std::in_range<std::int64_t>(value))
                throw std::out_of_range("an integer beyond SQLite's 64 bits with sign");
        }
        return static_cast<std::int64_t>(value);
    }

    Held value_ = nullptr;
};

/// One row of a query, while the query's callback runs. Columns count from 0; a column that is not there throws
/// std::out_of_range; SQLite converts between types as its documentation says (NULL reads as 0 and as "").
class Row {
public:
    explicit Row(void* statement) noexcept : statement_(statement) {}

    [[nodiscard]] int columns() const noexcept;
    [[nodiscard]] std::string_view name(int column) const;
    [[nodiscard]] bool is_null(int column) const;
    [[nodiscard]] std::int64_t integer(int column) const;
    [[nodiscard]] double real(int column) const;
    /// Views the row: gone when the callback returns.
    [[nodiscard]] std::string_view text(int column) const;
    /// Views the row: gone when the callback returns.
    [[nodiscard]] std::string_view blob(int column) const;

    /// The column as an integer type, bool, double, std::string, or std::optional of one of these.
    template <class Value>
    [[nodiscard]] Value get(int column) const {
        if constexpr (std::same_as<Value, bool>) {
            return integer(column) != 0;
        } else if constexpr (std::integral<Value>) {
            return static_cast<Value>(integer(column));
        } else if constexpr (std::floating_point<Value>) {
            return static_cast<Value>(real(column));
        } else if constexpr (std::same_as<Value, std::string>) {
            return std::string(text(column));
        } else {
            if (is_null(column)) return std::nullopt;
            return get<typename Value::value_type>(column);
        }
    }

private:
    void* checked(int column) const;

    void* statement_;
};

/// The tables that projections write and that queries read: one SQLite connection inside a transaction.
///
/// A handler gets one for the event it applies, a caller of `Database::read` and `Database::write` for the work it
/// passes. It is valid until that returns and belongs to the thread it was given to. Statements are prepared once and
/// kept by their text, so pass literals and bind values. Transactions belong to the owner: BEGIN, COMMIT, ROLLBACK,
/// SAVEPOINT, ATTACH and DETACH are refused. All members throw DatabaseError when SQLite refuses; the statement has
/// then changed nothing.
class ReadModel {
public:
    ReadModel(const ReadModel&) = delete;
    ReadModel& operator=(const ReadModel&) = delete;
    virtual ~ReadModel() = default;

    /// Runs one statement with its `?` bound in order; the number of rows it changed.
    std::uint64_t execute(std::string_view sql, std::initializer_list<SqlValue> values = {}) {
        return run(sql, {values.begin(), values.size()}, nullptr);
    }

    /// Runs one statement and calls `each` for every row. `each` may use this read model; it must not keep the row.
    void query(std::string_view sql, std::initializer_list<SqlValue> values,
               const std::function<void(const Row&)>& each) {
        run(sql, {values.begin(), values.size()}, &each);
    }

    /// The first column of the first row; absent when there is no row or it holds NULL.
    template <class Value>
    [[nodiscard]] std::optional<Value> value(std::string_view sql, std::initializer_list<SqlValue> values = {}) {
        std::optional<Value> found;
        bool first = true;
        query(sql, values, [&](const Row& row) {
            if (std::exchange(first, false) && !row.is_null(0)) found = row.get<Value>(0);
        });
        return found;
    }

    /// Runs several statements separated by semicolons, such as a schema. They are not kept prepared.
    virtual void script(std::string_view sql) = 0;

    /// What `execute` and `query` do, for values that come as a range. `each` may be null.
    virtual std::uint64_t run(std::string_view sql, std::span<const SqlValue> values,
                              const std::function<void(const Row&)>* each) = 0;

protected:
    ReadModel() = default;
};

}  // namespace foldback
