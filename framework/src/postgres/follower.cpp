#include "postgres/follower.hpp"

#include <poll.h>

#include "foldback/store/errors.hpp"
#include "postgres/connection.hpp"

namespace foldback::postgres {
namespace {

using std::chrono::steady_clock;

/// Then the server is asked whether it is still there: a keeper whose server is gone may not be the keeper any more.
constexpr std::chrono::seconds longest_silence{2};

}  // namespace

Follower::Follower(Options options) : options_(std::move(options)) {}

Follower::~Follower() { unfollow(); }

void Follower::keep(KeeperLost lost) {
    keeps_ = true;
    keeper_lost_ = std::move(lost);
    open_session();
}

/// The lock is the session's: it goes with it.
void Follower::open_session() {
    session_ = std::make_unique<Connection>(options_.url, options_.timeout, options_.schema);
    // A notification is a transaction, and its flush would stand in the way of those that append. One that is lost is polled for.
    session_->run("SELECT set_config('synchronous_commit', 'off', false)", {}, [](const Row&) {});
    if (!keeps_) return;
    // Of a machine that is gone without a word the lock is to be free in half a minute, and not in two hours.
    session_->run(
        "SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), "
        "set_config('tcp_keepalives_count', '4', false)",
        {}, [](const Row&) {});
    become_keeper();
}

/// The server may take a while to notice that the session before is over.
void Follower::become_keeper() {
    if (!try_to_keep()) {
        if (ends_session_before()) throw ConnectionLost("the database still has the keeper's session before");
        if (!try_to_keep()) throw StorageError("another node is the keeper of this log");
    }
    session_->run(
        "SELECT pid::bigint, (extract(epoch FROM backend_start) * 1000000)::bigint FROM pg_stat_activity WHERE pid = "
        "pg_backend_pid()",
        {}, [&](const Row& row) { keeps_with_ = {.process = row.number(0), .began_us = row.number(1)}; });
}

bool Follower::try_to_keep() {
    bool is_keeper = false;
    session_->run("SELECT pg_try_advisory_lock('foldback_log'::regclass::oid::int, 1)::int::bigint", {},
                  [&](const Row& row) { is_keeper = row.number(0) == 1; });
    return is_keeper;
}

/// Whether that was still there.
bool Follower::ends_session_before() {
    return session_->run(
               "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1::bigint AND (extract(epoch FROM "
               "backend_start) * 1000000)::bigint = $2::bigint",
               {keeps_with_.process, keeps_with_.began_us}, [](const Row&) {}) > 0;
}

void Follower::follow(std::function<void()> news) {
    news_ = std::move(news);
    thread_ = std::thread([this] { run(); });
}

void Follower::unfollow() noexcept {
    stopping_ = true;
    wake_.wake();
    if (thread_.joinable()) thread_.join();
}

void Follower::announce() noexcept {
    if (!has_news_for_others_.exchange(true)) wake_.wake();
}

/// Without a session it still looks from time to time: whether the database is back, the appends and reads find out.
void Follower::run() {
    while (!stopping_) {
        try {
            listen();
        } catch (const StorageError& error) {
            session_.reset();
            keeps_ = false;
            if (keeper_lost_) keeper_lost_(error.what());
        } catch (const std::exception&) {
            session_.reset();
            pollfd file{.fd = wake_.descriptor(), .events = 0, .revents = 0};
            ::poll(&file, stopping_ ? 0 : 1, static_cast<int>(options_.interval.count()));
            news_();
        }
    }
    session_.reset();
}

void Follower::listen() {
    if (!session_) open_session();
    session_->run("LISTEN foldback");
    const auto log = name_of_log();
    const auto own = log + std::to_string(options_.node);
    news_();
    auto last_answer = steady_clock::now();
    while (!stopping_) {
        bool heard_own = false;
        bool heard_others = false;
        session_->wait_for_notifications(wake_, options_.interval, [&](std::string_view sender) {
            if (sender.starts_with(log)) (sender == own ? heard_own : heard_others) = true;
        });
        const bool woken = wake_.take();
        if (has_news_for_others_.exchange(false)) {
            tell();
            last_answer = steady_clock::now();
        } else if (steady_clock::now() - last_answer > longest_silence) {
            session_->run("SELECT", {}, [](const Row&) {});
            last_answer = steady_clock::now();
        }
        const bool is_time_to_look = !heard_own && !woken;
        if (heard_others || is_time_to_look) news_();
    }
}

/// The channel is the database's, which may hold several logs.
std::string Follower::name_of_log() {
    std::string name;
    session_->run("SELECT 'foldback_log'::regclass::oid::text || ' '", {},
                  [&](const Row& row) { name = row.bytes(0); });
    return name;
}

/// Outside of every append: a transaction that notifies takes a lock of the whole server when it commits. What is
/// committed meanwhile is told of by the next one.
void Follower::tell() {
    session_->run("SELECT pg_notify('foldback', 'foldback_log'::regclass::oid::text || ' ' || $1::bigint::text)",
                  {options_.node}, [](const Row&) {});
}

}  // namespace foldback::postgres
