#pragma once

#include <functional>

namespace foldback {

/// Puts aside who waits, so that the thread can do something else meanwhile. One for each thread that has one.
class Suspender {
public:
    /// Ends the next pause of the caller, also one that has yet to begin. To be called once, from any thread.
    [[nodiscard]] virtual std::function<void()> resumption() = 0;
    /// Puts the caller aside until its resumption is called; it goes on on the same thread.
    virtual void pause() = 0;

    /// Null: who waits on this thread waits with it.
    [[nodiscard]] static Suspender* of_this_thread() noexcept;
    static void set_for_this_thread(Suspender* suspender) noexcept;

protected:
    ~Suspender() = default;
};

}  // namespace foldback
