#pragma once

#include <ucontext.h>

#include <array>
#include <cstddef>
#include <functional>

namespace foldback::app {

/// Functions on a stack of their own, one after the other: whoever runs one gets the thread back when it pauses, and may let it
/// go on later. One thread for all of its life.
class Fiber {
public:
    /// Throws std::bad_alloc. Memory is used as far as the functions need it.
    explicit Fiber(std::size_t stack_bytes);
    /// Precondition: the last function ended.
    ~Fiber();
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    /// Runs `work` until it pauses or ends. Precondition: the function before ended. `work` must not throw.
    void begin(std::function<void()> work);
    /// Runs it further. Precondition: it pauses.
    void resume();
    /// Gives the thread back to who called `begin` or `resume`; returns with the next `resume`. Only from within.
    void pause();
    [[nodiscard]] bool is_done() const noexcept { return !work_; }

private:
    /// A stack below which nothing can be written.
    class Stack {
    public:
        explicit Stack(std::size_t bytes);
        ~Stack();
        Stack(const Stack&) = delete;
        Stack& operator=(const Stack&) = delete;

        [[nodiscard]] void* bottom() const noexcept;
        [[nodiscard]] std::size_t bytes() const noexcept;

    private:
        std::size_t mapped_;
        void* memory_;
    };

    static void enter(unsigned high, unsigned low);
    [[noreturn]] void work_on();
    void exchange_exceptions();

    Stack stack_;
    ucontext_t own_{};
    ucontext_t caller_{};
    std::function<void()> work_;
    /// What the C++ run time knows of exceptions being handled, which it thinks is the thread's.
    std::array<std::byte, 2 * sizeof(void*)> exceptions_{};
    // Where the sanitizers should think that the thread is.
    const void* caller_bottom_ = nullptr;
    std::size_t caller_bytes_ = 0;
    [[maybe_unused]] void* thread_for_tsan_ = nullptr;
    [[maybe_unused]] void* caller_for_tsan_ = nullptr;
};

}  // namespace foldback::app
