#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "support/temporary_directory.hpp"

namespace foldback::test {

/// A PostgreSQL server of Debian's package, in a directory of its own and reached through a socket there. Run by an unprivileged user
/// when the test is root, for it refuses to run as root. Gone with this object.
class PostgresServer {
public:
    /// Starts it; `settings` are such as `max_connections=20`. Throws std::runtime_error.
    explicit PostgresServer(std::vector<std::string> settings = {},
                            const std::filesystem::path& parent = std::filesystem::temp_directory_path());
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;
    ~PostgresServer();

    /// A standby of this server, without its settings, which streams all that it writes. `name` is what synchronous_standby_names calls it.
    [[nodiscard]] std::unique_ptr<PostgresServer> standby(const std::string& name);
    /// Makes a standby a server that takes writes.
    void promote();
    /// The URL of a pair of servers, of which the one that takes writes is meant.
    [[nodiscard]] std::string url_with(const PostgresServer& other) const;

    /// The URL of a new schema, which is empty.
    [[nodiscard]] std::string new_schema();

    /// Waits until it takes connections.
    void start();
    /// As by a crash of the machine: SIGKILL to it and to its sessions, which would serve a moment longer. Waits until all are gone.
    void kill();
    /// From now on it and its sessions say nothing, and keep what they have: as a machine that does not answer.
    void fall_silent();
    void speak_again();
    /// The same of the sessions whose last statement has this in it. Returns how many there are.
    std::size_t silence_sessions(const std::string& statement);
    /// Ends the sessions and the server, in good order.
    void stop();
    /// Ends all sessions of nodes.
    void cut_sessions();
    /// What pgbench says of a script that one session runs again and again for some seconds: transactions per second.
    [[nodiscard]] double transactions_per_second(const std::string& script, int seconds);
    /// Runs one statement.
    void execute(const std::string& sql);

    [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_.path(); }

private:
    struct FromBackup {};
    PostgresServer(FromBackup, const PostgresServer& primary, const std::string& name);
    void give_directory_away() const;
    void run_to_its_end(const std::string& program, const std::vector<std::string>& arguments) const;
    [[nodiscard]] bool answers() const;
    [[nodiscard]] std::string url(const std::string& schema) const;
    [[nodiscard]] pid_t spawn(const std::string& program, const std::vector<std::string>& arguments) const;
    void end(int signal);

    TemporaryDirectory directory_;
    std::vector<std::string> settings_;
    pid_t process_ = -1;
    int schemas_ = 0;
};

}  // namespace foldback::test
