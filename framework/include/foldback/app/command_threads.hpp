#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace foldback {

struct CommandThreadsOptions {
    std::size_t threads = 2;
    std::size_t max_begun = 512;          ///< begun and not finished at a time, for each thread
    std::size_t max_queued = 4096;        ///< posted and not begun, for all threads
    std::size_t stack_bytes = 256 << 10;  ///< for each that is begun; memory is used as far as it is needed
};

/// Few threads for many commands: while one waits for the disk, its thread carries out others.
///
///     CommandThreads threads;
///     bool taken = threads.post([&, id, command, respond] { respond(answer_of(orders.transact(id, decide_on(command)))); });
///
/// What is posted is ordinary code. Where it waits for a write to a StreamStore (as Repository::transact does) it is put aside with
/// its stack, and goes on, on the same thread, when the write is done. Whatever else it waits for holds the thread: reads from
/// disk, databases, locks. So it must not hold a lock while it writes, for another on its thread might wait for that lock, and
/// what is thread_local may be another's after a write.
class CommandThreads {
public:
    /// Throws std::invalid_argument for an option that is 0 and a stack of less than 64 KiB, and std::system_error when a thread
    /// cannot be started.
    explicit CommandThreads(CommandThreadsOptions options = {});
    /// Finishes what was posted. Whoever completes writes (the store) must outlive it.
    ~CommandThreads();
    CommandThreads(const CommandThreads&) = delete;
    CommandThreads& operator=(const CommandThreads&) = delete;

    /// From any thread. False, and nothing happens, when `max_queued` wait to begin. `work` must not throw.
    [[nodiscard]] bool post(std::function<void()> work);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldback
