#include "foldback/postgres/postgres_log.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <mutex>
#include <random>
#include <thread>
#include <type_traits>

#include "log/commit_reader.hpp"
#include "log/shared_log.hpp"
#include "postgres/connection.hpp"
#include "postgres/follower.hpp"
#include "postgres/schema.hpp"
#include "postgres/turn_line.hpp"

namespace foldback {
namespace postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_pause{10};
constexpr milliseconds longest_pause{500};

std::int64_t random_number() {
    std::random_device random;
    return std::bit_cast<std::int64_t>((std::uint64_t{random()} << 32) | random());
}

class PostgresLog final : public SharedLog {
public:
    explicit PostgresLog(PostgresLogOptions options)
        : options_(std::move(options)),
          follower_({.url = options_.url,
                     .schema = options_.schema,
                     .node = node_,
                     .timeout = options_.answer_timeout,
                     .interval = options_.poll_interval}) {
        origin_ = with_session([&](Connection& session) { return open_schema(session, options_.segment_bytes); });
        if (!options_.keeper) return;
        try {
            follower_.keep(options_.on_keeper_lost);
        } catch (const ConnectionLost& lost) {
            throw StoreUnavailable(lost.what());
        }
    }

    const log::SharedOrigin& origin() const noexcept override { return origin_; }
    Answer append(const log::SharedAppend& append, const std::function<void()>& meanwhile) override;
    void take_turn(const std::function<void()>& meanwhile) override {
        if (reachable_) turns_.take(meanwhile);
    }
    void end_turn() noexcept override { turns_.end(); }
    void wake() noexcept override { turns_.wake(); }
    void read(log::Place from, const std::function<void(const log::SharedCommit&)>& on_commit) override;
    void confirm() override;
    bool holds(const log::LastCommit& commit) override;
    bool reachable() const noexcept override { return reachable_; }
    void follow(std::function<void()> news) override { follower_.follow(std::move(news)); }
    void unfollow() noexcept override { follower_.unfollow(); }
    void announce() noexcept override { follower_.announce(); }

private:
    /// An append that is being tried.
    struct Attempt {
        const log::SharedAppend& append;
        std::function<void()> meanwhile;  ///< not called yet
        const std::int64_t id = random_number();
        bool was_sent = false;  ///< and so may be, or come to be, in the log
    };

    /// Runs work on the session, beginning one if need be; when it is lost, says so as StoreUnavailable.
    template <class Work>
    std::invoke_result_t<Work, Connection&> with_session(Work work) {
        try {
            if (!session_) {
                session_ = open_session();
                is_last_unsure_ = true;
            }
            auto done = work(*session_);
            set_reachable(true, "");
            return done;
        } catch (const ConnectionLost& lost) {
            session_.reset();
            set_reachable(false, lost.what());
            throw StoreUnavailable(lost.what());
        } catch (const SqlError& error) {
            throw StoreUnavailable(error.what());
        } catch (...) {
            session_.reset();  // in the middle of an answer
            throw;
        }
    }
    [[nodiscard]] std::unique_ptr<Connection> open_session() const;
    void set_reachable(bool reachable, const std::string& why);

    [[nodiscard]] Answer try_append(Connection& session, Attempt& attempt) const;
    [[nodiscard]] static std::uint64_t insert(Connection& session, Attempt& attempt, std::int64_t node);
    /// What the commit follows is not in the database.
    [[nodiscard]] static Answer look_what_became_of_it(Connection& session, const Attempt& attempt,
                                                       bool was_sent_before);
    /// Who has the place.
    [[nodiscard]] Answer look_who_was_first(Connection& session, const Attempt& attempt) const;
    static void wait_for_standby(Connection& session);
    [[nodiscard]] static bool has(Connection& session, const log::LastCommit& commit);
    /// Nothing is there from that place on: not even what was before it, when the database was set back. Throws StorageError.
    void check_last(Connection& session, log::Place end) const;

    const PostgresLogOptions options_;
    const std::int64_t node_ = random_number();
    log::SharedOrigin origin_;
    std::unique_ptr<Connection> session_;
    log::LastCommit last_;         ///< that this node appended, read, or knows to be there
    bool is_last_unsure_ = false;  ///< no session that could read has been asked for it
    std::atomic<bool> reachable_{true};
    TurnLine turns_{
        [this] { return std::make_unique<Connection>(options_.url, options_.answer_timeout, options_.schema); }};
    Follower follower_;
};

std::unique_ptr<Connection> PostgresLog::open_session() const {
    auto session = std::make_unique<Connection>(options_.url, options_.answer_timeout, options_.schema);
    prepare_session(*session);
    return session;
}

void PostgresLog::set_reachable(bool reachable, const std::string& why) {
    if (reachable_.exchange(reachable) == reachable || !options_.on_trouble) return;
    options_.on_trouble(reachable ? "the database is back" : "the database is out of reach: " + why);
}

SharedLog::Answer PostgresLog::append(const log::SharedAppend& append, const std::function<void()>& meanwhile) {
    Attempt attempt{.append = append, .meanwhile = meanwhile};
    const auto deadline = steady_clock::now() + options_.patience;
    for (auto pause = first_pause;; pause = std::min(2 * pause, longest_pause)) {
        try {
            const auto answer = with_session([&](Connection& session) { return try_append(session, attempt); });
            if (answer == Answer::appended) last_ = {append.commit.place, log::crc_of(append.commit.bytes)};
            return answer;
        } catch (const StoreUnavailable& error) {
            if (steady_clock::now() + pause < deadline) {
                std::this_thread::sleep_for(pause);
                continue;
            }
            if (attempt.was_sent) throw OutcomeUnknown(error.what());
            throw;
        } catch (const OutcomeUnknown&) {
            throw;
        } catch (const StorageError& error) {  // the database that is there now is not fit
            if (attempt.was_sent) throw OutcomeUnknown(error.what());
            throw;
        }
    }
}

SharedLog::Answer PostgresLog::try_append(Connection& session, Attempt& attempt) const {
    const bool again = std::exchange(attempt.was_sent, true);
    (void)session.warned();
    try {
        const auto rows = insert(session, attempt, node_);
        // A server that was told not to wait for its standby any longer warns, and says that all is well.
        if (session.warned()) throw ConnectionLost("the database: it warned, and so may not have made it durable");
        return rows > 0 ? Answer::appended : look_what_became_of_it(session, attempt, again);
    } catch (const SqlError& error) {
        if (error.state != unique_violation) {
            attempt.was_sent = again;
            throw;
        }
    }
    return look_who_was_first(session, attempt);
}

/// The number of rows, which is 0 when what the commit follows is not there. In rows of a page each: a value that is larger PostgreSQL would keep in
/// another table, in pieces of a quarter, and 800 KB take it a quarter longer then.
std::uint64_t PostgresLog::insert(Connection& session, Attempt& attempt, std::int64_t node) {
    static const std::string rows =
        "INSERT INTO foldback_commits (segment, byte, crc, node, id, header, data) SELECT $1::bigint, $2::bigint + "
        "before, CASE before WHEN 0 THEN $3::bigint END, $4::bigint, $5::bigint, CASE before WHEN 0 THEN $6::bytea "
        "END, substr($7::bytea, before + 1, " +
        std::to_string(row_bytes) + ") FROM generate_series(0, length($7::bytea) - 1, " + std::to_string(row_bytes) +
        ") AS before";
    static const std::string follows =
        " WHERE EXISTS (SELECT FROM foldback_commits WHERE segment = $8::bigint AND byte = $9::bigint AND crc = "
        "$10::bigint)";
    static const std::string insert_first =
        rows + " WHERE NOT EXISTS (SELECT FROM foldback_commits WHERE (segment, byte) > ($1::bigint, $2::bigint))";
    static const std::string insert_next = rows + follows;
    static const std::string insert_behind_seal =
        "WITH seal AS (INSERT INTO foldback_commits (segment, byte, crc, node, id, data) SELECT $11::bigint, "
        "$12::bigint, $13::bigint, $4::bigint, $5::bigint, $14::bytea" +
        follows + " RETURNING segment) " + rows + ", seal";

    const auto& [previous, seal, commit] = attempt.append;
    const auto [segment, byte] = std::pair{in_row(commit.place.segment), in_row(commit.place.byte)};
    const std::int64_t crc = log::crc_of(commit.bytes);
    const auto meanwhile = std::exchange(attempt.meanwhile, nullptr);
    if (previous.place.segment == 0)
        return session.run(insert_first.c_str(),
                           {segment, byte, crc, node, attempt.id, std::monostate(), commit.bytes});
    const auto [previous_segment, previous_byte] =
        std::pair{in_row(previous.place.segment), in_row(previous.place.byte)};
    const std::int64_t previous_crc = previous.crc;
    if (!seal) {
        return session.run(insert_next.c_str(),
                           {segment, byte, crc, node, attempt.id, std::monostate(), commit.bytes, previous_segment,
                            previous_byte, previous_crc},
                           {}, meanwhile);
    }
    const auto header = log::encode_segment_header(*commit.begins).substr(0, stored_header_bytes);
    return session.run(insert_behind_seal.c_str(),
                       {segment, byte, crc, node, attempt.id, std::string_view(header), commit.bytes, previous_segment,
                        previous_byte, previous_crc, in_row(seal->place.segment), in_row(seal->place.byte),
                        std::int64_t{log::crc_of(seal->bytes)}, seal->bytes});
}

/// Either the log was set back, or it has gone on so far that this part of it was moved to the archive.
SharedLog::Answer PostgresLog::look_what_became_of_it(Connection& session, const Attempt& attempt,
                                                      bool was_sent_before) {
    const auto& place = attempt.append.commit.place;
    const auto behind =
        session.run("SELECT FROM foldback_commits WHERE (segment, byte) > ($1::bigint, $2::bigint) LIMIT 1",
                    {in_row(place.segment), in_row(place.byte)}, [](const Row&) {});
    if (behind == 0) return Answer::lost;
    if (!was_sent_before) return Answer::overtaken;
    throw OutcomeUnknown("what was appended meanwhile was moved to the archive, and this commit may be among it");
}

SharedLog::Answer PostgresLog::look_who_was_first(Connection& session, const Attempt& attempt) const {
    const auto& place = attempt.append.seal ? attempt.append.seal->place : attempt.append.commit.place;
    bool is_ours = false;
    session.run("SELECT node, id FROM foldback_commits WHERE segment = $1::bigint AND byte = $2::bigint",
                {in_row(place.segment), in_row(place.byte)},
                [&](const Row& row) { is_ours = row.number(0) == node_ && row.number(1) == attempt.id; });
    if (!is_ours) return Answer::overtaken;
    wait_for_standby(session);
    return Answer::appended;
}

/// A server that crashed while it waited for its standby shows what that may not have. Another commit waits for all that is before it.
void PostgresLog::wait_for_standby(Connection& session) {
    (void)session.warned();
    session.run("UPDATE foldback_log SET beats = beats + 1 WHERE current_setting('synchronous_standby_names') <> ''");
    if (session.warned()) throw ConnectionLost("the database: it warned, and so may not have made it durable");
}

void PostgresLog::read(log::Place from, const std::function<void(const log::SharedCommit&)>& on_commit) {
    auto next = from;
    bool is_end = true;
    CommitRows rows([&](const log::SharedCommit& commit) {
        is_end = false;
        const bool continues = commit.place == next || (commit.begins && commit.place.segment == next.segment + 1);
        if (!continues) {
            throw CommitsMissing("the database does not hold what follows byte " + std::to_string(next.byte) +
                                 " of segment " + std::to_string(next.segment) +
                                 ", though it has gone on: that was moved to an archive, or is lost");
        }
        next = {commit.place.segment, commit.place.byte + commit.bytes.size()};
        on_commit(commit);
        last_ = {commit.place, log::crc_of(commit.bytes)};
    });
    with_session([&](Connection& session) {
        session.run(
            "SELECT segment, byte, crc, header, data FROM foldback_commits WHERE (segment, byte) >= ($1::bigint, "
            "$2::bigint) ORDER BY segment, byte",
            {in_row(from.segment), in_row(from.byte)}, [&](const Row& row) { rows.add(row); });
        rows.finish();
        if (is_end && is_last_unsure_) check_last(session, from);
        is_last_unsure_ = false;
        return true;
    });
}

/// At its end nothing of a log has been moved to an archive.
void PostgresLog::check_last(Connection& session, log::Place end) const {
    if (last_.place.segment != end.segment || has(session, last_)) return;
    throw StorageError(
        "the database has lost commits that this node has folded; at the next start it takes over what the database "
        "holds");
}

void PostgresLog::confirm() {
    with_session([&](Connection& session) {
        wait_for_standby(session);
        return true;
    });
}

bool PostgresLog::holds(const log::LastCommit& commit) {
    const bool found = with_session([&](Connection& session) { return has(session, commit); });
    if (found) last_ = commit;
    return found;
}

bool PostgresLog::has(Connection& session, const log::LastCommit& commit) {
    return session.run(
               "SELECT FROM foldback_commits WHERE segment = $1::bigint AND byte = $2::bigint AND crc = $3::bigint",
               {in_row(commit.place.segment), in_row(commit.place.byte), std::int64_t{commit.crc}},
               [](const Row&) {}) == 1;
}

}  // namespace
}  // namespace postgres

std::shared_ptr<SharedLog> open_postgres_log(PostgresLogOptions options) {
    return std::make_shared<postgres::PostgresLog>(std::move(options));
}

std::vector<std::string> open_postgres_partitions(const PostgresLogOptions& options, std::size_t count) {
    try {
        postgres::Connection session(options.url, options.answer_timeout);
        return postgres::open_partitions(session, count);
    } catch (const postgres::ConnectionLost& lost) {
        throw StoreUnavailable(lost.what());
    } catch (const postgres::SqlError& error) {
        throw StoreUnavailable(error.what());
    }
}

}  // namespace foldback
