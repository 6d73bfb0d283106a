#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

struct pg_conn;
struct pg_result;

namespace foldback::postgres {

class WakeFile;

/// The server cannot be reached, or did not answer in time. What became of the statement under way is not known.
class ConnectionLost : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The server said no: the statement did nothing.
class SqlError : public std::runtime_error {
public:
    SqlError(const std::string& what, std::string code) : std::runtime_error(what), state(std::move(code)) {}

    std::string state;  ///< SQLSTATE
};

inline constexpr std::string_view unique_violation = "23505";
inline constexpr std::string_view lock_not_available = "55P03";

/// A number or bytes.
using Parameter = std::variant<std::int64_t, std::string_view, std::monostate>;
using Parameters = std::initializer_list<Parameter>;

/// One row of an answer; valid during the callback that got it.
class Row {
public:
    Row(const pg_result* result, int row) : result_(result), row_(row) {}

    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] std::string_view bytes(int column) const;
    [[nodiscard]] bool is_null(int column) const;

private:
    const pg_result* result_;
    int row_;
};

/// One session of a PostgreSQL server. No call waits longer than the timeout for the server to say something. After ConnectionLost
/// the object is of no use any more. One thread at a time.
class Connection {
public:
    /// Names in statements are of this schema; empty: as the URL and the server have it. Each server that the URL names has as long as the
    /// timeout, in whole seconds and at least two, before the next one is tried. Throws ConnectionLost, SqlError.
    Connection(const std::string& url, std::chrono::milliseconds timeout, std::string_view schema = {});
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection();

    /// Runs one statement, which is prepared the first time; `sql` must be a literal. Returns the number of rows it concerned. Throws
    /// ConnectionLost, SqlError. Calls `meanwhile` when the statement is sent. What either callback throws ends the session.
    std::uint64_t run(const char* sql, Parameters parameters = {}, const std::function<void(const Row&)>& on_row = {},
                      const std::function<void()>& meanwhile = {});

    /// For `meanwhile`: waits for the answer, and calls `woken` whenever it was woken, and set `wake` back, before that. Throws ConnectionLost,
    /// and what `woken` throws.
    void wait_for_answer(WakeFile& wake, const std::function<void()>& woken);

    /// Whether the server sent a warning since the last call of this.
    [[nodiscard]] bool warned() noexcept { return std::exchange(warned_, false); }

    /// Waits until the server sent something or was woken, which it leaves as it is; then hands over the payloads of
    /// notifications. Throws ConnectionLost.
    void wait_for_notifications(const WakeFile& wake, std::chrono::milliseconds at_most,
                                const std::function<void(std::string_view)>& on_notification);

private:
    void connect(const std::string& url);
    void keep_what_is_sent_in_the_cache();
    void use_schema(std::string_view schema);
    void prepare(const char* sql);
    void send(int accepted);
    std::uint64_t take_results(const std::function<void(const Row&)>& on_row);
    [[nodiscard]] pg_result* next_result();
    void wait_for_socket(short events);
    [[noreturn]] void lose(const std::string& why);
    [[noreturn]] void lose_for_silence();

    pg_conn* connection_ = nullptr;
    const std::chrono::milliseconds timeout_;
    std::set<const char*> prepared_;
    bool warned_ = false;
};

}  // namespace foldback::postgres
