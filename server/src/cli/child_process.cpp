#include "cli/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "cli/interrupt.hpp"

namespace foldback::cli {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;

void close_once(int& fd) {
    if (fd >= 0) ::close(fd);
    fd = -1;
}

struct Pipe {
    int read = -1;
    int write = -1;

    Pipe() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            throw Failure(ExitCode::no, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
        read = ends[0];
        write = ends[1];
    }
    ~Pipe() {
        close_once(read);
        close_once(write);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
};

/// What posix_spawn is told.
struct SpawnOrders {
    posix_spawn_file_actions_t files{};
    posix_spawnattr_t attributes{};

    SpawnOrders() {
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
        sigset_t defaults;
        sigemptyset(&defaults);
        for (const int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&defaults, signal);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    ~SpawnOrders() {
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnOrders(const SpawnOrders&) = delete;
    SpawnOrders& operator=(const SpawnOrders&) = delete;
};

/// Our environment with more variables, as `NAME=value`.
std::vector<std::string> environment_with(const ChildProcess::Variables& variables) {
    std::vector<std::string> entries;
    for (const auto& [name, value] : variables) entries.push_back(name + "=" + value);
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        bool replaced = false;
        for (const auto& [name, value] : variables) replaced = replaced || text.starts_with(name + "=");
        if (!replaced) entries.emplace_back(text);
    }
    return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

ChildProcess::ChildProcess(const std::string& command, Output output, const Variables& variables) : command_(command) {
    // Its end shall be an answer of write(2) and not ours.
    std::signal(SIGPIPE, SIG_IGN);
    start(command, output, variables);
}

void ChildProcess::start(const std::string& command, Output output, const Variables& variables) {
    Pipe to_child;
    Pipe from_child;
    const SpawnOrders orders;
    auto* files = const_cast<posix_spawn_file_actions_t*>(&orders.files);
    posix_spawn_file_actions_adddup2(files, to_child.read, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(files, output == Output::read ? from_child.write : STDERR_FILENO, STDOUT_FILENO);
    auto environment = environment_with(variables);
    std::vector<std::string> arguments{"sh", "-c", command};
    const int error = ::posix_spawn(&pid_, "/bin/sh", files, &orders.attributes, pointers_to(arguments).data(),
                                    pointers_to(environment).data());
    if (error != 0) {
        pid_ = -1;
        throw Failure(ExitCode::no, fmt::format("cannot start {}: {}", command, std::strerror(error)));
    }
    input_ = std::exchange(to_child.write, -1);
    if (output == Output::read) output_ = std::exchange(from_child.read, -1);
}

ChildProcess::~ChildProcess() {
    close_input();
    close_once(output_);
    if (pid_ < 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

bool ChildProcess::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::write(input_, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) return false;
        if (count < 0)
            throw_if_interrupted();
        else
            bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
}

void ChildProcess::close_input() { close_once(input_); }

bool ChildProcess::fill(std::chrono::steady_clock::time_point deadline) {
    using std::chrono::milliseconds;
    pollfd ready{.fd = output_, .events = POLLIN, .revents = 0};
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    const int found = ::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (found == 0) throw Failure(ExitCode::timed_out, fmt::format("{} does not answer", command_));
    if (found < 0) {
        throw_if_interrupted();
        return true;
    }
    const auto before = buffer_.size();
    buffer_.resize(before + piece_bytes);
    const auto count = ::read(output_, buffer_.data() + before, piece_bytes);
    const int error = errno;
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    return count > 0 || (count < 0 && error == EINTR);
}

std::optional<std::string> ChildProcess::read_line(std::size_t limit, std::chrono::milliseconds timeout) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::size_t searched = 0;
    for (;;) {
        if (const auto end = buffer_.find('\n', searched); end != std::string::npos) {
            auto line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        searched = buffer_.size();
        if (searched > limit || !fill(deadline)) return std::nullopt;
    }
}

ProcessEnd ChildProcess::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0) {
        if (errno == EINTR) {
            throw_if_interrupted();
            continue;
        }
        throw Failure(ExitCode::no, fmt::format("cannot wait for {}: {}", command_, std::strerror(errno)));
    }
    pid_ = -1;
    if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
    return {.code = WEXITSTATUS(status)};
}

}  // namespace foldback::cli
