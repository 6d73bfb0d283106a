#include "postgres/turn_line.hpp"

#include <utility>

#include "postgres/connection.hpp"

namespace foldback::postgres {
namespace {

/// PostgreSQL 14 and later end a session that keeps its turn and says nothing for so long, as a node that is stopped does, or one whose machine is gone.
constexpr const char* take_turn =
    "SELECT pg_advisory_lock('foldback_log'::regclass::oid::int, 2), CASE WHEN "
    "current_setting('server_version_num')::int >= 140000 THEN set_config('idle_session_timeout', '2s', false) END";
constexpr const char* end_turn =
    "SELECT pg_advisory_unlock('foldback_log'::regclass::oid::int, 2), CASE WHEN "
    "current_setting('server_version_num')::int >= 140000 THEN set_config('idle_session_timeout', '0', false) END";

}  // namespace

TurnLine::TurnLine(std::function<std::unique_ptr<Connection>()> connect) : connect_(std::move(connect)) {}

TurnLine::~TurnLine() = default;

void TurnLine::take(const std::function<void()>& meanwhile) {
    const auto look_around = [&] { session_->wait_for_answer(wake_, meanwhile); };
    try {
        if (!session_) {
            session_ = connect_();
            // Whoever has the turn may be gone without a word.
            session_->run("SELECT set_config('lock_timeout', '250ms', false)", {}, [](const Row&) {});
        }
        session_->run(
            take_turn, {}, [](const Row&) {}, look_around);
        is_taken_ = true;
    } catch (const SqlError& error) {
        if (error.state != lock_not_available) session_.reset();
    } catch (const ConnectionLost&) {
        session_.reset();
    } catch (...) {
        session_.reset();  // it stands in the line still
        throw;
    }
}

void TurnLine::end() noexcept {
    if (!std::exchange(is_taken_, false)) return;
    try {
        session_->run(end_turn, {}, [](const Row&) {});
    } catch (const std::exception&) {
        session_.reset();  // the turn goes with it
    }
}

}  // namespace foldback::postgres
