#include "postgres/turn_line.hpp"

#include <utility>

#include "postgres/connection.hpp"

namespace foldback::postgres {

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
            "SELECT pg_advisory_lock('foldback_log'::regclass::oid::int, 2)", {}, [](const Row&) {}, look_around);
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
        session_->run("SELECT pg_advisory_unlock('foldback_log'::regclass::oid::int, 2)", {}, [](const Row&) {});
    } catch (const std::exception&) {
        session_.reset();  // the turn goes with it
    }
}

}  // namespace foldback::postgres
