#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foldback::cli {

/// How a process ended: with a code, or by a signal.
struct ProcessEnd {
    int code = 0;
    std::optional<int> signal{};
};

/// A command line run by /bin/sh, whose standard input is written here. It shares our standard error. Destroying it kills
/// it, with all processes that it started and that did not leave its process group.
class ChildProcess {
public:
    enum class Output : std::uint8_t {
        read,        ///< its standard output is read here
        with_notes,  ///< its standard output goes to our standard error
    };
    using Variables = std::vector<std::pair<std::string, std::string>>;

    /// `variables` are added to the environment. Throws Failure (no).
    ChildProcess(const std::string& command, Output output, const Variables& variables = {});
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// False when it does not read any more. Throws Interrupted.
    bool write(std::string_view bytes);
    void close_input();
    /// The next line without its line feed; absent when it closed its output, or wrote more than `limit` bytes without one.
    /// Throws Failure (timed_out) and Interrupted.
    [[nodiscard]] std::optional<std::string> read_line(std::size_t limit, std::chrono::milliseconds timeout);
    /// Waits for its end. Throws Interrupted.
    ProcessEnd wait();

private:
    void start(const std::string& command, Output output, const Variables& variables);
    /// Reads some more; false at the end.
    bool fill(std::chrono::steady_clock::time_point deadline);

    std::string command_;
    pid_t pid_ = -1;
    int input_ = -1;
    int output_ = -1;
    std::string buffer_;
};

}  // namespace foldback::cli
