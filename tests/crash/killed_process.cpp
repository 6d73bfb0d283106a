#include "killed_process.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

namespace foldback::crash {
namespace {

/// How long a child may take to be ready, or to kill itself.
constexpr int patience_ms = 60'000;

[[noreturn]] void run_child(const std::function<void(const std::function<void()>&)>& work, int ready_pipe) {
    // doctest would report the kill as its own crash.
    for (const int number : {SIGABRT, SIGSEGV, SIGTERM}) signal(number, SIG_DFL);
    try {
        work([ready_pipe] {
            const char byte = 1;
            if (write(ready_pipe, &byte, 1) != 1) std::_Exit(3);
        });
    } catch (const std::exception& error) {
        std::fprintf(stderr, "the child failed: %s\n", error.what());
    }
    std::_Exit(2);
}

/// Waits until the other end writes or closes, at most this long.
void wait_readable(int pipe_end, std::chrono::microseconds at_most) {
    pollfd waited{.fd = pipe_end, .events = POLLIN, .revents = 0};
    const timespec timeout{.tv_sec = at_most.count() / 1'000'000, .tv_nsec = at_most.count() % 1'000'000 * 1000};
    (void)ppoll(&waited, 1, &timeout, nullptr);
}

}  // namespace

bool run_and_kill(const std::function<void(const std::function<void()>& ready)>& work,
                  std::optional<std::chrono::microseconds> delay, bool when_ready) {
    std::array<int, 2> ready{};
    if (pipe(ready.data()) != 0) throw std::runtime_error("no pipe");
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) throw std::runtime_error("no process");
    if (child == 0) {
        close(ready[0]);
        run_child(work, ready[1]);
    }
    close(ready[1]);
    char byte = 0;
    if (when_ready) {
        wait_readable(ready[0], std::chrono::milliseconds{patience_ms});
        (void)!read(ready[0], &byte, 1);
    }
    // Nothing more is written, so this waits for the delay, or less when the child is gone.
    wait_readable(ready[0], delay.value_or(std::chrono::milliseconds{patience_ms}));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    close(ready[0]);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace foldback::crash
