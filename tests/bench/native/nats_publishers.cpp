// Publishes to NATS JetStream in its text protocol: so many connections, each with one event under way until it is
// acknowledged, on one epoll, so that publishing costs little.
// usage: nats_publishers PORT CONNECTIONS     the stream BENCH with the subjects bench.* is made when it is not there
//        reads lines with a number of seconds; answers each with the events acknowledged per second
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "sockets.hpp"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view stream_settings =
    R"({"name":"BENCH","subjects":["bench.*"],"storage":"file","retention":"limits","discard":"old","num_replicas":1})";

std::string publication(const std::string& subject, const std::string& inbox, std::string_view payload) {
    return "PUB " + subject + " " + inbox + " " + std::to_string(payload.size()) + "\r\n" + std::string(payload) +
           "\r\n";
}

/// One connection; the text that came and was not looked at yet.
class Publisher {
public:
    Publisher(std::uint16_t port, std::size_t number)
        : socket_(bench::connect_to(port)),
          inbox_("_INBOX.publisher" + std::to_string(number)),
          event_(publication("bench." + std::to_string(number), inbox_, std::string(200, 'x'))) {
        bench::send_all(socket_, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB " + inbox_ + " 1\r\n");
    }
    Publisher(Publisher&& other) noexcept = default;

    [[nodiscard]] int socket() const noexcept { return socket_; }

    void publish() const { bench::send_all(socket_, event_); }
    void ask(const std::string& subject, std::string_view payload) const {
        bench::send_all(socket_, publication(subject, inbox_, payload));
    }

    /// Reads what there is; how many answers were whole. Throws on one that is an error.
    std::size_t receive() {
        std::array<char, 16'384> bytes;
        const auto got = ::recv(socket_, bytes.data(), bytes.size(), 0);
        bench::require(got > 0, "recv");
        text_.append(bytes.data(), static_cast<std::size_t>(got));
        std::size_t answers = 0;
        std::size_t done = 0;
        while (const auto size = whole_operation(std::string_view(text_).substr(done), answers)) done += size;
        text_.erase(0, done);
        return answers;
    }

private:
    /// The size of the operation at the start of `text`, 0 when it is not all there; an answer to us is counted.
    std::size_t whole_operation(std::string_view text, std::size_t& answers) const {
        const auto line_end = text.find("\r\n");
        if (line_end == std::string_view::npos) return 0;
        const auto line = text.substr(0, line_end);
        if (line.starts_with("-ERR")) throw std::runtime_error(std::string(line));
        if (line == "PING") bench::send_all(socket_, "PONG\r\n");
        if (!line.starts_with("MSG ")) return line_end + 2;
        std::size_t payload = 0;
        std::from_chars(line.data() + line.rfind(' ') + 1, line.data() + line.size(), payload);
        const auto size = line_end + 2 + payload + 2;
        if (text.size() < size) return 0;
        const auto answer = text.substr(line_end + 2, payload);
        if (answer.find("\"error\"") != std::string_view::npos) throw std::runtime_error(std::string(answer));
        ++answers;
        return size;
    }

    int socket_;
    std::string inbox_;
    std::string event_;
    std::string text_;
};

class Publishers {
public:
    Publishers(std::uint16_t port, std::size_t count) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
        bench::require(epoll_ >= 0, "epoll_create1");
        for (std::size_t i = 0; i < count; ++i) {
            publishers_.emplace_back(port, i);
            epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
            bench::require(::epoll_ctl(epoll_, EPOLL_CTL_ADD, publishers_[i].socket(), &event) == 0, "epoll_ctl");
        }
        publishers_[0].ask("$JS.API.STREAM.CREATE.BENCH", stream_settings);
        while (publishers_[0].receive() == 0) {
        }
    }

    double events_per_second(std::chrono::duration<double> duration) {
        const auto begun = Clock::now();
        const auto end = begun + duration;
        for (const auto& publisher : publishers_) publisher.publish();
        std::size_t under_way = publishers_.size();
        std::size_t acknowledged = 0;
        std::array<epoll_event, 64> events{};
        while (under_way > 0) {
            const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 30'000);
            bench::require(count > 0, "waiting for acknowledgements");
            const bool over = Clock::now() >= end;
            for (int i = 0; i < count; ++i) {
                auto& publisher = publishers_[events[static_cast<std::size_t>(i)].data.u64];
                if (publisher.receive() == 0) continue;
                ++acknowledged;
                if (over) {
                    --under_way;
                } else {
                    publisher.publish();
                }
            }
        }
        return static_cast<double>(acknowledged) / std::chrono::duration<double>(Clock::now() - begun).count();
    }

private:
    int epoll_;
    std::vector<Publisher> publishers_;
};

}  // namespace

int main(int count, char** words) try {
    if (count != 3) {
        std::fputs("usage: nats_publishers PORT CONNECTIONS\n", stderr);
        return 2;
    }
    Publishers publishers(static_cast<std::uint16_t>(std::stoul(words[1])), std::stoul(words[2]));
    double seconds = 0;
    while (std::cin >> seconds) {
        std::printf("%.1f\n", publishers.events_per_second(std::chrono::duration<double>(seconds)));
        std::fflush(stdout);
    }
} catch (const std::exception& error) {
    std::fprintf(stderr, "nats_publishers: %s\n", error.what());
    return 1;
}
