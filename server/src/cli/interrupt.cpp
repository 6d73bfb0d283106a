#include "cli/interrupt.hpp"

#include <csignal>

namespace foldback::cli {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int number) {
    interrupted = 1;
    std::signal(number, SIG_DFL);
}

}  // namespace

void catch_interrupts() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = 0;  // no SA_RESTART: read(2) and write(2) shall return
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool was_interrupted() noexcept { return interrupted != 0; }

void throw_if_interrupted() {
    if (was_interrupted()) throw Interrupted{};
}

}  // namespace foldback::cli
