#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "foldback/server/api.hpp"

namespace foldback::server::http {

class Mailbox;

/// Told, on its own thread, that an awaited call came back.
class CallOwner {
public:
    virtual void called_back() noexcept = 0;

protected:
    ~CallOwner() = default;
};

/// Something a connection waits for and any thread may fulfil: the answer to a request, or the news that another look
/// is worth it. It may outlive the connection and the server; then nobody hears it.
///
/// The waiting side (`await`, `take`, `rearm`, `abandon`) is the owner's thread only.
class Call : public std::enable_shared_from_this<Call> {
public:
    Call(std::shared_ptr<Mailbox> mailbox, CallOwner& owner);

    /// What a handler is given to answer through: the first call counts. When the last copy goes without a call, the
    /// answer is a 500.
    [[nodiscard]] Respond respond();
    /// What a store is given to say that something changed.
    [[nodiscard]] std::function<void()> ring();

    /// True when the owner has to wait: `called_back` will follow. False when the call came already.
    [[nodiscard]] bool await() noexcept;
    /// After the call: the answer.
    [[nodiscard]] Response take() { return std::move(*response_); }
    /// Ready for another `ring`. A late one of before may still come; it only wakes.
    void rearm() noexcept { state_.store(State::idle, std::memory_order_release); }
    /// The owner goes; it hears nothing more.
    void abandon() noexcept { owner_ = nullptr; }

private:
    friend class Mailbox;
    enum class State : std::uint8_t { idle, awaited, called };

    void answer(Response response);
    void call() noexcept;

    std::shared_ptr<Mailbox> mailbox_;
    CallOwner* owner_;  ///< touched on the owner's thread only
    std::atomic<State> state_{State::idle};
    std::atomic<bool> answered_{false};
    std::optional<Response> response_;  ///< published by `state_`
};

/// Carries calls to one I/O thread. However many come before the thread gets to them, it is woken once: a store that
/// finishes a hundred writes in one commit must not pay for a hundred wake-ups.
class Mailbox {
public:
    /// `schedule` makes the thread call `deliver` soon; it is called under the mailbox's lock.
    explicit Mailbox(std::function<void()> schedule) : schedule_(std::move(schedule)) {}

    /// Any thread.
    void post(std::shared_ptr<Call> call);
    /// The owners' thread: tells the owners of all calls posted so far.
    void deliver();
    /// From now on `post` does nothing, and `schedule` is not called. Needed in the end: posted calls keep the mailbox.
    void close();

private:
    std::mutex mutex_;
    std::function<void()> schedule_;
    bool scheduled_ = false;
    bool closed_ = false;
    std::vector<std::shared_ptr<Call>> posted_;
    std::vector<std::shared_ptr<Call>> delivering_;  ///< `deliver` only; keeps its capacity
};

}  // namespace foldback::server::http
