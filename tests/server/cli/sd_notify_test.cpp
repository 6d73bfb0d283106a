#include "cli/sd_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include <doctest/doctest.h>

#include "cli/serve_operations.hpp"

using namespace foldback::cli;

namespace {

/// Whoever listens to what a service says, as systemd does.
class Supervisor {
public:
    explicit Supervisor(std::string name) : name_(std::move(name)), socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        std::memcpy(address.sun_path, name_.data(), name_.size());
        if (name_.front() == '@') address.sun_path[0] = '\0';
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
        REQUIRE(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) == 0);
        ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
    }
    ~Supervisor() {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(socket_);
        if (name_.front() == '/') std::filesystem::remove(name_);
    }
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    [[nodiscard]] std::string heard() const {
        std::string text(256, '\0');
        const auto size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return text;
    }

private:
    std::string name_;
    int socket_;
};

}  // namespace

TEST_SUITE("sd_notify") {
    TEST_CASE("a supervisor hears what is said, by path and by abstract name") {
        const auto unique = std::to_string(::getpid());
        for (const auto& name : {(std::filesystem::temp_directory_path() / ("foldback-notify-" + unique)).string(),
                                 "@foldback-" + unique}) {
            const Supervisor supervisor(name);
            sd_notify("READY=1");
            CHECK(supervisor.heard() == "READY=1");
        }
    }

    TEST_CASE("who reads the configuration again before or after serving does not say that it is ready") {
        const Supervisor supervisor("@foldback-ready-" + std::to_string(::getpid()));
        const ServeCommand command{.config = "/dev/null", .flags = {{"log-level", "error"}}};
        ServeSettings settings;
        ServeLog log(LogLevel::error, true, {});
        ServeOperations operations(command, settings, log);

        operations.reload();
        CHECK(supervisor.heard().empty());

        operations.serving();
        CHECK(supervisor.heard() == "READY=1");
        operations.reload();
        CHECK(supervisor.heard().starts_with("RELOADING=1"));
        CHECK(supervisor.heard() == "READY=1");

        operations.stopping();
        CHECK(supervisor.heard() == "STOPPING=1");
        operations.reload();
        CHECK(supervisor.heard().empty());
    }

    TEST_CASE("reloading carries the time that systemd compares") {
        const Supervisor supervisor("@foldback-reload-" + std::to_string(::getpid()));
        sd_notify_reloading();
        CHECK(supervisor.heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    }

    TEST_CASE("without a supervisor nothing happens") {
        ::unsetenv("NOTIFY_SOCKET");
        sd_notify("READY=1");
        ::setenv("NOTIFY_SOCKET", "/nobody/listens/here", 1);
        sd_notify("READY=1");
        ::setenv("NOTIFY_SOCKET", std::string(500, '/').c_str(), 1);
        sd_notify("READY=1");
        ::unsetenv("NOTIFY_SOCKET");
    }

    TEST_CASE("a watchdog is told twice as often as it asks, if it asks this process") {
        ::unsetenv("WATCHDOG_PID");
        ::setenv("WATCHDOG_USEC", "30000000", 1);
        CHECK(watchdog_interval() == std::chrono::seconds(15));
        ::setenv("WATCHDOG_PID", "1", 1);
        CHECK_FALSE(watchdog_interval());
        ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
        CHECK(watchdog_interval() == std::chrono::seconds(15));
        ::setenv("WATCHDOG_USEC", "soon", 1);
        CHECK_FALSE(watchdog_interval());
        ::unsetenv("WATCHDOG_USEC");
        ::unsetenv("WATCHDOG_PID");
    }
}
