#pragma once

#include <unistd.h>

#include <csignal>
#include <ctime>
#include <string>

namespace orders::cli {

/// SIGTERM and SIGINT as something to wait for. Made before any thread, so that all inherit that they are blocked.
class StopSignals {
public:
    StopSignals() {
        sigemptyset(&set_);
        sigaddset(&set_, SIGTERM);
        sigaddset(&set_, SIGINT);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);
        std::signal(SIGPIPE, SIG_IGN);
    }

    /// The name of the first that comes.
    [[nodiscard]] std::string wait() const {
        int signal = 0;
        while (sigwait(&set_, &signal) != 0) {
        }
        return signal == SIGTERM ? "SIGTERM" : "SIGINT";
    }

    /// Sends oneself the signal to stop; from any thread.
    static void raise() { ::kill(::getpid(), SIGTERM); }

    /// From now on the next one ends the process.
    void release() const { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }

private:
    sigset_t set_{};
};

}  // namespace orders::cli
