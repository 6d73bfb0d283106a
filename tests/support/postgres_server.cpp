#include "support/postgres_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "postgres/connection.hpp"

namespace foldback::test {
namespace {

using postgres::Connection;
using std::chrono::steady_clock;

constexpr const char* programs = "/usr/lib/postgresql/15/bin/";
constexpr std::chrono::seconds patience{30};

/// Whom it runs as.
const passwd* unprivileged() {
    if (::getuid() != 0) return nullptr;
    const auto* user = ::getpwnam("postgres");
    if (user == nullptr) user = ::getpwnam("nobody");
    if (user == nullptr) throw std::runtime_error("there is no unprivileged user to run PostgreSQL as");
    return user;
}

std::string contents_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

std::vector<pid_t> children_of(pid_t process) {
    const auto name = std::to_string(process);
    std::ifstream list("/proc/" + name + "/task/" + name + "/children");
    std::vector<pid_t> children;
    for (pid_t child = 0; list >> child;) children.push_back(child);
    return children;
}

/// Not so when it has ended and only its parent has not yet asked how.
bool runs(pid_t process) {
    const auto status = contents_of("/proc/" + std::to_string(process) + "/stat");
    const auto name_end = status.rfind(')');
    return name_end != std::string::npos && status.substr(name_end, 3) != ") Z";
}

}  // namespace

PostgresServer::PostgresServer(std::vector<std::string> settings, const std::filesystem::path& parent)
    : directory_(parent), settings_(std::move(settings)) {
    give_directory_away();
    run_to_its_end("initdb", {"--pgdata=" + (directory() / "data").string(), "--username=foldback", "--auth=trust",
                              "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"});
    start();
}

PostgresServer::PostgresServer(FromBackup, const PostgresServer& primary, const std::string& name) {
    give_directory_away();
    run_to_its_end(
        "pg_basebackup",
        {"--pgdata=" + (directory() / "data").string(), "--checkpoint=fast", "--no-sync", "--write-recovery-conf",
         "--dbname=user=foldback application_name=" + name + " host=" + primary.directory().string()});
    start();
}

std::unique_ptr<PostgresServer> PostgresServer::standby(const std::string& name) {
    return std::unique_ptr<PostgresServer>(new PostgresServer(FromBackup{}, *this, name));
}

void PostgresServer::promote() { execute("SELECT pg_promote()"); }

std::string PostgresServer::url_with(const PostgresServer& other) const {
    return "postgresql:///postgres?user=foldback&host=" + directory().string() + ',' + other.directory().string();
}

void PostgresServer::give_directory_away() const {
    const auto* user = unprivileged();
    if (user != nullptr && ::chown(directory().c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("the directory cannot be given away");
}

void PostgresServer::run_to_its_end(const std::string& program, const std::vector<std::string>& arguments) const {
    int status = 0;
    ::waitpid(spawn(program, arguments), &status, 0);
    if (status != 0) throw std::runtime_error(program + " failed: " + contents_of(directory() / "log"));
}

PostgresServer::~PostgresServer() {
    if (process_ > 0) end(SIGQUIT);
}

std::string PostgresServer::url(const std::string& schema) const {
    // A standby is asked as well.
    auto text = "postgresql:///postgres?user=foldback&target_session_attrs=any&host=" + directory().string();
    if (!schema.empty()) text += "&options=-csearch_path%3D" + schema;
    return text;
}

std::string PostgresServer::new_schema() {
    const auto name = "s" + std::to_string(++schemas_);
    execute("CREATE SCHEMA " + name);
    return url(name);
}

void PostgresServer::start() {
    std::vector<std::string> arguments{
        "-D", (directory() / "data").string(), "-k", directory().string(), "-c", "listen_addresses=",
        "-c", "shared_buffers=16MB",           "-c", "max_connections=50"};
    for (const auto& setting : settings_) {
        arguments.emplace_back("-c");
        arguments.push_back(setting);
    }
    process_ = spawn("postgres", arguments);
    const auto deadline = steady_clock::now() + patience;
    while (!answers()) {
        if (steady_clock::now() > deadline || ::waitpid(process_, nullptr, WNOHANG) != 0)
            throw std::runtime_error("PostgreSQL does not start: " + contents_of(directory() / "log"));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

bool PostgresServer::answers() const {
    try {
        const Connection session(url({}), std::chrono::milliseconds(5'000));
        return true;
    } catch (const postgres::ConnectionLost&) {
        return false;
    }
}

void PostgresServer::end(int signal) {
    ::kill(process_, signal);
    speak_again();
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

void PostgresServer::kill() {
    ::kill(process_, SIGSTOP);  // so that no session comes that is not seen
    const auto sessions = children_of(process_);
    end(SIGKILL);
    for (const auto session : sessions) ::kill(session, SIGKILL);
    const auto deadline = steady_clock::now() + patience;
    while (std::any_of(sessions.begin(), sessions.end(), runs)) {
        if (steady_clock::now() > deadline) throw std::runtime_error("sessions of PostgreSQL outlive it");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

void PostgresServer::fall_silent() {
    ::kill(process_, SIGSTOP);
    for (const auto session : children_of(process_)) ::kill(session, SIGSTOP);
}

void PostgresServer::speak_again() {
    for (const auto session : children_of(process_)) ::kill(session, SIGCONT);
    ::kill(process_, SIGCONT);
}

std::size_t PostgresServer::silence_sessions(const std::string& statement) {
    std::vector<pid_t> sessions;
    Connection session(url({}), std::chrono::milliseconds(10'000));
    session.run(
        "SELECT pid::bigint FROM pg_stat_activity WHERE application_name = 'foldback' AND pid <> pg_backend_pid() AND "
        "position(convert_from($1::bytea, 'UTF8') IN query) > 0",
        {std::string_view(statement)},
        [&](const postgres::Row& row) { sessions.push_back(static_cast<pid_t>(row.number(0))); });
    for (const auto one : sessions) ::kill(one, SIGSTOP);
    return sessions.size();
}

void PostgresServer::stop() { end(SIGINT); }

void PostgresServer::cut_sessions() {
    execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'foldback' AND pid <> "
        "pg_backend_pid()");
}

double PostgresServer::transactions_per_second(const std::string& script, int seconds) {
    const TemporaryDirectory scratch;
    const auto file = scratch.path() / "script.sql";
    std::ofstream(file) << script;
    const auto command = std::string(programs) + "pgbench -n -M prepared -c 1 -T " + std::to_string(seconds) + " -f " +
                         file.string() + " -h " + directory().string() + " -U foldback postgres 2>/dev/null";
    auto* output = ::popen(command.c_str(), "r");
    if (output == nullptr) throw std::runtime_error("pgbench does not start");
    double found = 0;
    for (char line[256]; ::fgets(line, sizeof line, output) != nullptr;) (void)std::sscanf(line, "tps = %lf", &found);
    ::pclose(output);
    if (found == 0) throw std::runtime_error("pgbench said nothing");
    return found;
}

void PostgresServer::execute(const std::string& sql) {
    Connection session(url({}), std::chrono::milliseconds(10'000));
    session.run(sql.c_str(), {}, [](const postgres::Row&) {});
}

pid_t PostgresServer::spawn(const std::string& program, const std::vector<std::string>& arguments) const {
    const auto path = programs + program;
    const auto log = (directory() / "log").string();
    const auto* user = unprivileged();
    std::vector<char*> values{const_cast<char*>(program.c_str())};
    for (const auto& argument : arguments) values.push_back(const_cast<char*>(argument.c_str()));
    values.push_back(nullptr);
    const auto process = ::fork();
    if (process != 0) return process;
    const int out = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0666);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    const bool is_unprivileged =
        user == nullptr || (::setgroups(0, nullptr) == 0 && ::setgid(user->pw_gid) == 0 && ::setuid(user->pw_uid) == 0);
    if (is_unprivileged && ::chdir("/") == 0) ::execv(path.c_str(), values.data());
    ::_exit(127);
}

}  // namespace foldback::test
