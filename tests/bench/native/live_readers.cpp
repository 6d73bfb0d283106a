// Many SSE readers of one stream, on plain sockets and one epoll, so that reading costs little.
// usage: live_readers idle PORT PATH COUNT             says "ready" when all wait at the tail; ends with its standard input
//        live_readers fan-out PORT PATH COUNT ROUNDS   prints, as JSON, how long after the sending of an append each reader
//                                                      had it; and after the first of as many bare writes of the same bytes
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "sockets.hpp"

namespace {

using Clock = std::chrono::steady_clock;

using bench::connect_to;
using bench::loopback;
using bench::require;
using bench::send_all;

/// Sockets that are read as their bytes come.
class Readers {
public:
    Readers() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) { require(epoll_ >= 0, "epoll_create1"); }

    void add(int socket) {
        epoll_event event{.events = EPOLLIN, .data = {.u64 = received_.size()}};
        require(::epoll_ctl(epoll_, EPOLL_CTL_ADD, socket, &event) == 0, "epoll_ctl");
        sockets_.push_back(socket);
        received_.emplace_back();
    }

    /// Reads until each reader has what `is_complete` wants of the text since the last call; how long each took.
    template <class IsComplete>
    std::vector<double> read_until(Clock::time_point begun, IsComplete is_complete) {
        std::vector<double> milliseconds(sockets_.size(), -1);
        for (auto& text : received_) text.clear();
        std::size_t complete = 0;
        std::array<epoll_event, 512> events{};
        std::array<char, 16'384> bytes{};
        while (complete < sockets_.size()) {
            const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 30'000);
            require(count > 0, "waiting for the readers");
            for (int i = 0; i < count; ++i) {
                const auto reader = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
                const auto got = ::recv(sockets_[reader], bytes.data(), bytes.size(), 0);
                require(got > 0, "recv");
                received_[reader].append(bytes.data(), static_cast<std::size_t>(got));
                if (milliseconds[reader] >= 0 || !is_complete(received_[reader])) continue;
                milliseconds[reader] = std::chrono::duration<double, std::milli>(Clock::now() - begun).count();
                ++complete;
            }
        }
        return milliseconds;
    }

    [[nodiscard]] const std::string& received(std::size_t reader) const { return received_[reader]; }

private:
    int epoll_;
    std::vector<int> sockets_;
    std::vector<std::string> received_;
};

Readers sse_readers(std::uint16_t port, const std::string& path, int count) {
    Readers readers;
    const auto request =
        "GET " + path + "?offset=now&live=sse HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n\r\n";
    for (int i = 0; i < count; ++i) {
        const int socket = connect_to(port);
        send_all(socket, request);
        readers.add(socket);
    }
    (void)readers.read_until(Clock::now(),
                             [](const std::string& text) { return text.find("upToDate") != std::string::npos; });
    return readers;
}

/// A process that writes `bytes` to every one of its sockets, one after the other, each time it is told to.
class BareWriter {
public:
    BareWriter(int count, Readers& readers, const std::string& bytes) {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto address = loopback(0);
        socklen_t size = sizeof address;
        require(::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) == 0, "bind");
        require(::listen(listener, 128) == 0, "listen");
        require(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
        std::vector<int> accepted;
        for (int i = 0; i < count; ++i) {
            readers.add(connect_to(ntohs(address.sin_port)));
            accepted.push_back(::accept(listener, nullptr, nullptr));
            require(accepted.back() >= 0, "accept");
            const int yes = 1;
            require(::setsockopt(accepted.back(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0, "setsockopt");
        }
        int ends[2];
        require(::pipe(ends) == 0, "pipe");
        process_ = ::fork();
        require(process_ >= 0, "fork");
        if (process_ == 0) {
            ::close(ends[1]);
            char go = 0;
            while (::read(ends[0], &go, 1) == 1) {
                for (const int socket : accepted) send_all(socket, bytes);
            }
            ::_exit(0);
        }
        ::close(ends[0]);
        tell_ = ends[1];
        for (const int socket : accepted) ::close(socket);
        ::close(listener);
    }
    BareWriter(const BareWriter&) = delete;
    BareWriter& operator=(const BareWriter&) = delete;
    ~BareWriter() {
        ::close(tell_);
        ::waitpid(process_, nullptr, 0);
    }

    void write_to_all() const { require(::write(tell_, "x", 1) == 1, "write"); }

private:
    pid_t process_ = -1;
    int tell_ = -1;
};

void print(const char* name, const std::vector<double>& milliseconds, const char* end) {
    std::printf("\"%s\":[", name);
    for (std::size_t i = 0; i < milliseconds.size(); ++i) std::printf(i == 0 ? "%.4f" : ",%.4f", milliseconds[i]);
    std::printf("]%s", end);
}

void idle(std::uint16_t port, const std::string& path, int count) {
    const auto readers = sse_readers(port, path, count);
    std::puts("ready");
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
}

void fan_out(std::uint16_t port, const std::string& path, int count, int rounds) {
    auto readers = sse_readers(port, path, count);
    const int writer = connect_to(port);
    const auto append = [&](int number) {
        auto event = R"({"n":)" + std::to_string(number) + R"(,"text":")";
        event += std::string(198 - event.size(), 'x') + "\"}";
        const auto mark = "\"n\":" + std::to_string(number) + ",";
        const auto begun = Clock::now();
        send_all(writer, "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                             "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(event.size()) +
                             "\r\n\r\n" + event);
        // The control event that follows the data in the same chunk is the last that the append brings.
        auto took = readers.read_until(begun, [&](const std::string& text) {
            const auto at = text.find(mark);
            return at != std::string::npos && text.find("streamNextOffset", at) != std::string::npos;
        });
        std::array<char, 4096> answer{};
        const auto got = ::recv(writer, answer.data(), answer.size(), 0);
        require(got > 12 && std::string_view(answer.data() + 9, 3) == "204", "the append");
        return took;
    };
    for (int round = 0; round < 10; ++round) (void)append(1'000'000 + round);
    const auto bytes = readers.received(0);

    Readers bare;
    const BareWriter loop(count, bare, bytes);
    std::vector<double> appended;
    std::vector<double> written;
    for (int round = 0; round < rounds; ++round) {
        const auto by_server = append(2'000'000 + round);
        appended.insert(appended.end(), by_server.begin(), by_server.end());
        const auto begun = Clock::now();
        loop.write_to_all();
        const auto by_loop =
            bare.read_until(begun, [&](const std::string& text) { return text.size() >= bytes.size(); });
        written.insert(written.end(), by_loop.begin(), by_loop.end());
    }
    std::printf("{\"bytes\":%zu,", bytes.size());
    print("append", appended, ",");
    print("loop", written, "}\n");
}

}  // namespace

int main(int count, char** words) {
    const std::vector<std::string> args(words + 1, words + count);
    try {
        if (args.size() == 4 && args[0] == "idle") {
            idle(static_cast<std::uint16_t>(std::stoul(args[1])), args[2], std::stoi(args[3]));
        } else if (args.size() == 5 && args[0] == "fan-out") {
            fan_out(static_cast<std::uint16_t>(std::stoul(args[1])), args[2], std::stoi(args[3]), std::stoi(args[4]));
        } else {
            std::fputs("usage: live_readers idle PORT PATH COUNT | fan-out PORT PATH COUNT ROUNDS\n", stderr);
            return 2;
        }
    } catch (const std::exception& error) {
        std::fprintf(stderr, "live_readers: %s\n", error.what());
        return 1;
    }
}
