#include "postgres/follower.hpp"

#include <poll.h>

#include "foldback/store/errors.hpp"
#include "postgres/connection.hpp"

namespace foldback::postgres {

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
    bool is_keeper = false;
    session_->run("SELECT pg_try_advisory_lock('foldback_log'::regclass::oid::int, 1)::int::bigint", {},
                  [&](const Row& row) { is_keeper = row.number(0) == 1; });
    if (!is_keeper) throw StorageError("another node is the keeper of this log");
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
            if (keeper_lost_) keeper_lost_(error.what());
            return;
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
    while (!stopping_) {
        bool heard_own = false;
        bool heard_others = false;
        session_->wait_for_notifications(wake_, options_.interval, [&](std::string_view sender) {
            if (sender.starts_with(log)) (sender == own ? heard_own : heard_others) = true;
        });
        const bool woken = wake_.take();
        if (has_news_for_others_.exchange(false)) tell();
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
