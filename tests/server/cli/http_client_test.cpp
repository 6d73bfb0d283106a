#include "cli/http_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace foldback::cli;
using namespace std::chrono_literals;

namespace {

/// One connection of a script: what is sent after each request, then how it ends.
struct Connection {
    std::vector<std::string> answers;
    bool stays_open = false;  ///< until the client closes
};

/// A server that sends byte for byte what it is told, one connection after the other.
class ScriptedServer {
public:
    explicit ScriptedServer(std::vector<Connection> script)
        : script_(std::move(script)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 8) != 0 ||
            ::getsockname(listener_, generic, &size) != 0) {
            throw std::runtime_error("no loopback port");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }

    ~ScriptedServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }

    [[nodiscard]] HttpClientOptions options() const {
        return {
            .host = "127.0.0.1", .port = std::to_string(port_), .authorization = "Bearer t", .response_timeout = 2s};
    }

    [[nodiscard]] std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    /// Waits until so many connections have been closed.
    void wait_until_closed(unsigned count) const {
        for (unsigned closed = closed_; closed < count; closed = closed_) closed_.wait(closed);
    }

private:
    void serve() {
        for (const auto& connection : script_) {
            const int socket = ::accept(listener_, nullptr, nullptr);
            if (socket < 0) return;
            for (const auto& answer : connection.answers) {
                auto request = read_request(socket);
                if (request.empty()) break;
                keep(std::move(request));
                (void)::send(socket, answer.data(), answer.size(), MSG_NOSIGNAL);
            }
            char byte = 0;
            if (connection.stays_open) (void)::recv(socket, &byte, 1, 0);
            ::close(socket);
            ++closed_;
            closed_.notify_all();
        }
    }

    void keep(std::string request) {
        const std::lock_guard lock(mutex_);
        requests_.push_back(std::move(request));
    }

    static std::string read_request(int socket) {
        std::string text;
        char byte = 0;
        while (text.find("\r\n\r\n") == std::string::npos && ::recv(socket, &byte, 1, 0) == 1) text += byte;
        const auto length = text.find("Content-Length: ");
        auto left = length == std::string::npos ? 0 : std::stoul(text.substr(length + 16));
        for (; left > 0 && ::recv(socket, &byte, 1, 0) == 1; --left) text += byte;
        return text;
    }

    std::vector<Connection> script_;
    int listener_;
    unsigned port_ = 0;
    mutable std::mutex mutex_;
    std::atomic<unsigned> closed_ = 0;
    std::vector<std::string> requests_;
    std::thread thread_;
};

HttpRequest get(std::string target) { return {.target = std::move(target), .repeatable = true}; }

HttpError::Kind failure_of_exchange(const std::string& answer, std::chrono::milliseconds timeout = 2s,
                                    bool stays_open = false) {
    ScriptedServer server({{.answers = {answer}, .stays_open = stays_open}});
    HttpClient client(server.options());
    try {
        (void)client.exchange(get("/a"), timeout);
    } catch (const HttpError& error) {
        CHECK(error.sent());
        return error.kind();
    }
    FAIL("it was accepted: " << answer);
    return {};
}

}  // namespace

TEST_CASE("requests go over one connection, with credentials, and bodies come back whole") {
    ScriptedServer server(
        {{.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nStream-Closed: TRUE\r\n\r\nhi",
                      "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n",
                      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"},
          .stays_open = true}});
    HttpClient client(server.options());

    const auto first = client.exchange(get("/a"));
    const auto second =
        client.exchange({.method = HttpMethod::post, .target = "/b", .headers = {{"Stream-Seq", "1"}}, .body = "body"});
    const auto third = client.exchange({.method = HttpMethod::head, .target = "/c"});
    const auto fourth = client.exchange(get("/d"));

    CHECK(first.status == 200);
    CHECK(first.body == "hi");
    CHECK(first.says_true("stream-closed"));
    CHECK(second.status == 204);
    CHECK(third.body.empty());
    CHECK(fourth.body == "abcde");
    const auto requests = server.requests();
    REQUIRE(requests.size() == 4);
    CHECK(requests[0].starts_with("GET /a HTTP/1.1\r\n"));
    CHECK(requests[0].find("Authorization: Bearer t\r\n") != std::string::npos);
    CHECK(requests[1].find("Stream-Seq: 1\r\n") != std::string::npos);
    CHECK(requests[1].ends_with("\r\n\r\nbody"));
}

TEST_CASE("a connection that the server closed is replaced without a word") {
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
    ScriptedServer server({{.answers = {answer + "1"}}, {.answers = {answer + "2"}}, {.answers = {answer + "3"}}});
    HttpClient client(server.options());

    CHECK(client.exchange(get("/")).body == "1");
    CHECK(client.exchange(get("/")).body == "2");
    CHECK(client.exchange(get("/")).body == "3");
}

TEST_CASE("a connection that the server closed meanwhile is not used for what must not be sent twice") {
    const std::string answer = "HTTP/1.1 204 No Content\r\n\r\n";
    ScriptedServer server({{.answers = {answer}}, {.answers = {answer}}});
    HttpClient client(server.options());
    const HttpRequest append{.method = HttpMethod::post, .target = "/", .body = "x"};

    CHECK(client.exchange(append).status == 204);
    server.wait_until_closed(1);
    CHECK(client.exchange(append).status == 204);
}

TEST_CASE("a connection that breaks in the middle of an answer is an error") {
    CHECK(failure_of_exchange("") == HttpError::Kind::broken);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nContent-Le") == HttpError::Kind::broken);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab") == HttpError::Kind::broken);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab") ==
          HttpError::Kind::broken);
}

TEST_CASE("what is not HTTP is an error") {
    CHECK(failure_of_exchange("SSH-2.0-OpenSSH_9.2\r\n\r\n") == HttpError::Kind::malformed);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n") == HttpError::Kind::malformed);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n") ==
          HttpError::Kind::malformed);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n") ==
          HttpError::Kind::malformed);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nA: " + std::string(40'000, 'a') + "\r\n\r\n") ==
          HttpError::Kind::malformed);
}

TEST_CASE("a server that says nothing is given up in time") {
    CHECK(failure_of_exchange("", 100ms, true) == HttpError::Kind::timeout);
    CHECK(failure_of_exchange("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab", 100ms, true) ==
          HttpError::Kind::timeout);
}

TEST_CASE("a body larger than agreed is refused") {
    ScriptedServer server({{.answers = {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890"}}});
    auto options = server.options();
    options.max_body_bytes = 10;
    HttpClient client(options);

    CHECK_THROWS_AS((void)client.exchange(get("/")), HttpError);
}

TEST_CASE("where nobody listens there is no connection") {
    HttpClientOptions options;
    {
        ScriptedServer server({});
        options = server.options();
    }
    HttpClient client(options);

    try {
        (void)client.exchange(get("/"));
        FAIL("nobody should have answered");
    } catch (const HttpError& error) {
        CHECK(error.kind() == HttpError::Kind::connect);
        CHECK_FALSE(error.sent());
    }
}

TEST_CASE("a stream hands over its pieces until the taker has enough") {
    ScriptedServer server(
        {{.answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"}},
         {.answers = {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}, .stays_open = true}});
    HttpClient client(server.options());
    std::string taken;

    (void)client.stream(get("/"), 2s, [&](const HttpResponse& head, std::string_view bytes) {
        CHECK(*head.header("x") == "y");
        taken += bytes;
        return true;
    });
    CHECK(taken == "abcde");

    taken.clear();
    (void)client.stream(get("/"), 2s,
                        [&](const HttpResponse&, std::string_view bytes) { return taken += bytes, false; });
    CHECK(taken == "abc");
}

TEST_CASE("the body of a refused stream is read whole") {
    ScriptedServer server({{.answers = {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"}}});
    HttpClient client(server.options());

    const auto response = client.stream(
        get("/"), 2s, [](const HttpResponse&, std::string_view) -> bool { throw std::logic_error("not for errors"); });

    CHECK(response.status == 404);
    CHECK(response.body == "none");
}
