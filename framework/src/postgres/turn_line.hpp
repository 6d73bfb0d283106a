#pragma once

#include <functional>
#include <memory>

#include "postgres/wake_file.hpp"

namespace foldback::postgres {

class Connection;

/// The line in which nodes that append at once wait for their turn. It is a lock of a session of its own, so that who waits can read
/// on another one meanwhile. A courtesy: without the database, or after a bounded wait, one goes on without a turn. One thread at a
/// time, but for `wake`.
class TurnLine {
public:
    /// `connect` begins a session; what it throws means that there is none.
    explicit TurnLine(std::function<std::unique_ptr<Connection>()> connect);
    TurnLine(const TurnLine&) = delete;
    TurnLine& operator=(const TurnLine&) = delete;
    ~TurnLine();

    /// Waits until the turn has come, and calls `meanwhile` after each `wake`. Passes on what that throws, and then there is no turn.
    void take(const std::function<void()>& meanwhile);
    void end() noexcept;

    /// Makes who waits call `meanwhile`. Any thread.
    void wake() noexcept { wake_.wake(); }

private:
    const std::function<std::unique_ptr<Connection>()> connect_;
    WakeFile wake_;
    std::unique_ptr<Connection> session_;
    bool is_taken_ = false;
};

}  // namespace foldback::postgres
