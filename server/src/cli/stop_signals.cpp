#include "cli/stop_signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "cli/exit_codes.hpp"

namespace foldback::cli {
namespace {

sigset_t watched_signals() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    return set;
}

int require(int descriptor, const char* what) {
    if (descriptor < 0) throw std::system_error(errno, std::generic_category(), what);
    return descriptor;
}

}  // namespace

StopSignals::StopSignals() {
    const auto set = watched_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    signals_fd_ = require(signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
    end_fd_ = require(eventfd(0, EFD_CLOEXEC), "eventfd");
    thread_ = std::thread([this] { watch(); });
}

StopSignals::~StopSignals() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(end_fd_, &one, sizeof one);
    thread_.join();
    ::close(end_fd_);
    ::close(signals_fd_);
}

void StopSignals::watch() {
    bool first = true;
    for (;;) {
        std::array<pollfd, 2> ready{pollfd{.fd = signals_fd_, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = end_fd_, .events = POLLIN, .revents = 0}};
        if (::poll(ready.data(), ready.size(), -1) < 0) continue;
        if (ready[1].revents != 0) return;
        signalfd_siginfo info{};
        if (::read(signals_fd_, &info, sizeof info) != sizeof info) continue;
        if (act_on(static_cast<int>(info.ssi_signo))) continue;
        if (!std::exchange(first, false)) ::_exit(static_cast<int>(ExitCode::no));
        std::unique_lock lock(mutex_);
        if (!serving_) ::_exit(static_cast<int>(ExitCode::ok));
        lock.unlock();
        stop({StopReason::Kind::signal, info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT"});
    }
}

void StopSignals::on(int signal, std::function<void()> act) {
    const std::lock_guard lock(actions_mutex_);
    actions_[signal] = std::move(act);
}

bool StopSignals::act_on(int signal) {
    if (signal != SIGHUP && signal != SIGUSR1) return false;
    const std::lock_guard lock(actions_mutex_);
    if (const auto found = actions_.find(signal); found != actions_.end() && found->second) found->second();
    return true;
}

void StopSignals::serving() {
    const std::lock_guard lock(mutex_);
    serving_ = true;
}

void StopSignals::stop(StopReason reason) {
    const std::lock_guard lock(mutex_);
    if (!reason_) reason_ = std::move(reason);
    changed_.notify_all();
}

std::optional<StopReason> StopSignals::wait_for(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return reason_.has_value(); });
    return reason_;
}

}  // namespace foldback::cli
