#include "cli/sd_notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

#include <fmt/format.h>

#include "cli/units.hpp"

namespace foldback::cli {

void sd_notify(std::string_view state) {
    const auto* name = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    if (name == nullptr || (name[0] != '/' && name[0] != '@')) return;
    const auto size = std::strlen(name);
    if (size >= sizeof address.sun_path) return;
    std::memcpy(address.sun_path, name, size);
    if (name[0] == '@') address.sun_path[0] = '\0';  // an abstract name
    const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket < 0) return;
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    (void)::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
                   length);
    ::close(socket);
}

void sd_notify_reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    sd_notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1000));
}

std::optional<std::chrono::milliseconds> watchdog_interval() {
    const auto* limit = std::getenv("WATCHDOG_USEC");
    const auto* process = std::getenv("WATCHDOG_PID");
    if (limit == nullptr || (process != nullptr && process != std::to_string(::getpid()))) return std::nullopt;
    const auto microseconds = parse_count(limit);
    if (!microseconds || *microseconds < 2'000 || *microseconds > 86'400'000'000ULL) return std::nullopt;
    return std::chrono::milliseconds(*microseconds / 2'000);
}

}  // namespace foldback::cli
