#include "postgres/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <boost/endian/conversion.hpp>

#include "postgres/wake_file.hpp"

namespace foldback::postgres {
namespace {

constexpr int binary = 1;
constexpr int local_send_buffer = 64 << 10;
constexpr std::chrono::seconds shortest_patience{2};  ///< that libpq has with a server

struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

/// libpq's messages end in a line feed and may have several lines.
std::string in_one_line(std::string_view message) {
    std::string text;
    for (const char byte : message) text += byte == '\n' || byte == '\t' ? ' ' : byte;
    while (text.ends_with(' ')) text.pop_back();
    return text;
}

std::string name_of(const char* sql) { return "s" + std::to_string(reinterpret_cast<std::uintptr_t>(sql)); }

/// Parameters as libpq wants them: numbers as text, bytes as they are.
struct Values {
    explicit Values(Parameters parameters) {
        numbers.reserve(parameters.size());
        for (const auto& parameter : parameters) {
            if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
                numbers.push_back(std::to_string(*number));
                add(numbers.back().c_str(), 0, 0);
            } else if (const auto* bytes = std::get_if<std::string_view>(&parameter)) {
                add(bytes->data(), static_cast<int>(bytes->size()), binary);
            } else {
                add(nullptr, 0, 0);
            }
        }
    }
    void add(const char* value, int length, int format) {
        values.push_back(value);
        lengths.push_back(length);
        formats.push_back(format);
    }

    std::vector<std::string> numbers;
    std::vector<const char*> values;
    std::vector<int> lengths;
    std::vector<int> formats;
};

void note_warning(void* seen, const PGresult* notice) {
    const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != nullptr && std::strcmp(severity, "WARNING") == 0) *static_cast<bool*>(seen) = true;
}

}  // namespace

std::int64_t Row::number(int column) const {
    std::int64_t value = 0;
    if (PQgetlength(result_, row_, column) != sizeof value) throw std::logic_error("the column is not a bigint");
    std::memcpy(&value, PQgetvalue(result_, row_, column), sizeof value);
    return boost::endian::big_to_native(value);
}

std::string_view Row::bytes(int column) const {
    return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}

bool Row::is_null(int column) const { return PQgetisnull(result_, row_, column) == 1; }

Connection::Connection(const std::string& url, std::chrono::milliseconds timeout, std::string_view schema)
    : timeout_(timeout) {
    try {
        connect(url);
        if (!schema.empty()) use_schema(schema);
    } catch (...) {
        PQfinish(connection_);
        throw;
    }
}

Connection::~Connection() { PQfinish(connection_); }

void Connection::connect(const std::string& url) {
    // What the URL says comes later and counts. Only libpq itself goes on to the next server when one is silent.
    const auto patience =
        std::to_string(std::max(shortest_patience, std::chrono::ceil<std::chrono::seconds>(timeout_)).count());
    const std::array<const char*, 5> keys{"target_session_attrs", "connect_timeout", "dbname", "application_name",
                                          nullptr};
    const std::array<const char*, 5> values{"read-write", patience.c_str(), url.c_str(), "foldback", nullptr};
    connection_ = PQconnectdbParams(keys.data(), values.data(), 1);
    if (connection_ == nullptr) throw std::bad_alloc();
    if (PQstatus(connection_) != CONNECTION_OK) lose(PQerrorMessage(connection_));
    PQsetnonblocking(connection_, 1);
    keep_what_is_sent_in_the_cache();
    PQsetNoticeReceiver(connection_, note_warning, &warned_);
}

/// A local socket takes a copy of all that its buffer has room for, in memory that is cold then. TCP knows better what its way needs.
void Connection::keep_what_is_sent_in_the_cache() {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    const bool is_local = ::getsockname(PQsocket(connection_), reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
                          address.ss_family == AF_UNIX;
    if (is_local)
        ::setsockopt(PQsocket(connection_), SOL_SOCKET, SO_SNDBUF, &local_send_buffer, sizeof local_send_buffer);
}

void Connection::use_schema(std::string_view schema) {
    run("SELECT set_config('search_path', quote_ident(convert_from($1::bytea, 'UTF8')), false)", {schema},
        [](const Row&) {});
}

void Connection::lose(const std::string& why) { throw ConnectionLost("the database: " + in_one_line(why)); }

void Connection::wait_for_socket(short events) {
    pollfd socket{.fd = PQsocket(connection_), .events = events, .revents = 0};
    if (::poll(&socket, 1, static_cast<int>(timeout_.count())) == 0) lose_for_silence();
}

void Connection::lose_for_silence() { lose("it has not answered for " + std::to_string(timeout_.count()) + " ms"); }

void Connection::send(int accepted) {
    if (accepted == 0) lose(PQerrorMessage(connection_));
    while (true) {
        const int left = PQflush(connection_);
        if (left == 0) return;
        if (left < 0) lose(PQerrorMessage(connection_));
        wait_for_socket(POLLIN | POLLOUT);
        if (PQconsumeInput(connection_) == 0) lose(PQerrorMessage(connection_));
    }
}

PGresult* Connection::next_result() {
    while (PQisBusy(connection_) == 1) {
        wait_for_socket(POLLIN);
        if (PQconsumeInput(connection_) == 0) lose(PQerrorMessage(connection_));
    }
    return PQgetResult(connection_);
}

void Connection::prepare(const char* sql) {
    if (prepared_.contains(sql)) return;
    send(PQsendPrepare(connection_, name_of(sql).c_str(), sql, 0, nullptr));
    take_results({});
    prepared_.insert(sql);
}

std::uint64_t Connection::run(const char* sql, Parameters parameters, const std::function<void(const Row&)>& on_row,
                              const std::function<void()>& meanwhile) {
    prepare(sql);
    const Values values(parameters);
    send(PQsendQueryPrepared(connection_, name_of(sql).c_str(), static_cast<int>(values.values.size()),
                             values.values.data(), values.lengths.data(), values.formats.data(), binary));
    if (on_row) PQsetSingleRowMode(connection_);
    if (meanwhile) meanwhile();
    return take_results(on_row);
}

std::uint64_t Connection::take_results(const std::function<void(const Row&)>& on_row) {
    std::uint64_t rows = 0;
    std::optional<SqlError> error;
    while (const Result result{next_result()}) {
        const auto status = PQresultStatus(result.get());
        if (status == PGRES_SINGLE_TUPLE) {
            ++rows;
            on_row(Row(result.get(), 0));
        } else if (status == PGRES_COMMAND_OK) {
            const char* count = PQcmdTuples(result.get());
            if (*count != '\0') rows = std::stoull(count);
        } else if (status != PGRES_TUPLES_OK) {
            const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
            // Without a code it is libpq that speaks; 57P…, 08… and 25006: the server goes, or is not one that takes writes.
            const std::string_view code = state == nullptr ? "" : state;
            if (code.empty() || code.starts_with("57P") || code.starts_with("08") || code == "25006")
                lose(PQresultErrorMessage(result.get()));
            error.emplace("the database: " + in_one_line(PQresultErrorMessage(result.get())), std::string(code));
        }
    }
    if (PQstatus(connection_) == CONNECTION_BAD) lose(PQerrorMessage(connection_));
    if (error) throw *error;
    return rows;
}

/// However often it is woken meanwhile, a server that says nothing is given up.
void Connection::wait_for_answer(WakeFile& wake, const std::function<void()>& woken) {
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    while (PQisBusy(connection_) == 1) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
        std::array<pollfd, 2> files{pollfd{.fd = PQsocket(connection_), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = wake.descriptor(), .events = POLLIN, .revents = 0}};
        const nfds_t awaited = left > 0 ? 2 : 1;
        if (::poll(files.data(), awaited, left > 0 ? static_cast<int>(left) : 0) == 0) lose_for_silence();
        if (files[0].revents == 0) {
            if (wake.take()) woken();
        } else if (PQconsumeInput(connection_) == 0) {
            lose(PQerrorMessage(connection_));
        }
    }
}

void Connection::wait_for_notifications(const WakeFile& wake, std::chrono::milliseconds at_most,
                                        const std::function<void(std::string_view)>& on_notification) {
    std::array<pollfd, 2> files{pollfd{.fd = PQsocket(connection_), .events = POLLIN, .revents = 0},
                                pollfd{.fd = wake.descriptor(), .events = POLLIN, .revents = 0}};
    ::poll(files.data(), files.size(), static_cast<int>(at_most.count()));
    if (PQconsumeInput(connection_) == 0) lose(PQerrorMessage(connection_));
    while (PGnotify* notification = PQnotifies(connection_)) {
        const std::unique_ptr<PGnotify, void (*)(void*)> owner(notification, PQfreemem);
        on_notification(notification->extra);
    }
}

}  // namespace foldback::postgres
