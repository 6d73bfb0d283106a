#include "delivery/webhook_sender.hpp"

#include <netinet/tcp.h>

#include <mutex>
#include <optional>

#include "receiver.hpp"
#include "subscriptions/secrets.hpp"
#include "tls_receiver.hpp"

using namespace foldback::server;
using namespace foldback::server::delivery;
using namespace std::chrono_literals;
using subscriptions::LocalWebhooks;
using subscriptions::Outcome;

namespace {

/// A sender whose context the test runs.
struct Sending {
    explicit Sending(SenderOptions options = {.local = LocalWebhooks::allowed})
        : sender(context, options, [](const std::string& body) { return "signature of " + body; }) {}

    void begin(const std::string& url, std::chrono::milliseconds time = 10s, const std::string& name = "s",
               const std::string& body = "{}") {
        sender.send({.name = name, .url = url, .body = body, .time = time},
                    [this, name](Outcome outcome) { outcomes.emplace_back(name, std::move(outcome)); });
    }

    /// Runs until so many deliveries have ended.
    void wait(std::size_t count = 1) {
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (outcomes.size() < count && std::chrono::steady_clock::now() < until) context.run_one_for(100ms);
        REQUIRE(outcomes.size() >= count);
    }

    Outcome result(const std::string& url, std::chrono::milliseconds time = 10s) {
        begin(url, time);
        wait(outcomes.size() + 1);
        return outcomes.back().second;
    }

    http::asio::io_context context;
    http::asio::executor_work_guard<http::Executor> work{context.get_executor()};
    std::vector<std::pair<std::string, Outcome>> outcomes;
    WebhookSender sender;
};

}  // namespace

TEST_SUITE("webhook sender") {
    TEST_CASE("a receiver gets the body, signed, and says whether it is done") {
        std::string request;
        Receiver receiver([&](int descriptor) {
            request = read_request(descriptor);
            write_text(descriptor, reply("200 OK", R"({"done":true})"));
        });
        Sending sending;
        sending.begin(receiver.url("/a?b"), 10s, "s", R"({"x":1})");
        sending.wait();

        CHECK(sending.outcomes[0].second.kind == Outcome::Kind::done);
        CHECK(request.starts_with("POST /a?b HTTP/1.1\r\nhost: 127.0.0.1:"));
        CHECK(request.find("\r\nwebhook-signature: signature of {\"x\":1}\r\n") != std::string::npos);
        CHECK(request.find("\r\ncontent-type: application/json\r\n") != std::string::npos);
        CHECK(request.ends_with("\r\n\r\n{\"x\":1}"));
    }

    TEST_CASE("a trace is forwarded") {
        std::string request;
        Receiver receiver([&](int descriptor) {
            request = read_request(descriptor);
            write_text(descriptor, reply("200 OK", R"({"done":true})"));
        });
        Sending sending;
        const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        sending.sender.send({.name = "s", .url = receiver.url(), .body = "{}", .time = 10s, .traceparent = trace},
                            [&](Outcome outcome) { sending.outcomes.emplace_back("s", std::move(outcome)); });
        sending.wait();

        CHECK(request.find("\r\ntraceparent: " + trace + "\r\n") != std::string::npos);
    }

    TEST_CASE("only a success with done, true and nothing else, is the end of a wake") {
        for (const auto* body : {"", "{}", "[]", "true", "{\"done\":false}", "{\"done\":1}", "{\"done\":\"true\"}",
                                 "{\"done\":true", "nonsense", "\xFF"}) {
            CAPTURE(body);
            Receiver receiver(answering(reply("200 OK", body)));
            CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::accepted);
        }
        Receiver without_body(answering("HTTP/1.1 204 No Content\r\n\r\n"));
        CHECK(Sending().result(without_body.url()).kind == Outcome::Kind::accepted);
    }

    TEST_CASE("errors and redirects are failures, and no redirect is followed") {
        Receiver elsewhere(answering(reply("200 OK", R"({"done":true})")));
        for (const auto* status :
             {"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent", "400 Bad Request",
              "404 Not Found", "429 Slow", "500 Error", "503 Busy", "101 Switch"}) {
            CAPTURE(status);
            Receiver receiver(answering("HTTP/1.1 " + std::string(status) + "\r\nlocation: " + elsewhere.url() +
                                        "\r\ncontent-length: 13\r\n\r\n{\"done\":true}"));
            CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::failed);
        }
        CHECK(elsewhere.connections() == 0);
    }

    TEST_CASE("what a receiver says before its answer is passed over") {
        for (const auto* before : {"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n",
                                   "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n"}) {
            CAPTURE(before);
            Receiver receiver(answering(before + reply("200 OK", R"({"done":true})")));
            CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::done);
        }
    }

    TEST_CASE("a receiver that says much before its answer, and never gives one, is a failure") {
        Sending sending;
        Receiver receiver([](int descriptor) {
            (void)read_request(descriptor);
            while (write_text(descriptor, "HTTP/1.1 102 Processing\r\n\r\n")) {
            }
        });
        CHECK(sending.result(receiver.url(), 10s).kind == Outcome::Kind::failed);
        CHECK(sending.outcomes.back().second.reason.find("in time") == std::string::npos);
    }

    TEST_CASE("an answer that never ends is given up at its bound") {
        std::atomic<std::size_t> sent{0};
        const auto flood = [&](const std::string& head, const std::string& piece) {
            return [&sent, head, piece](int descriptor) {
                read_request(descriptor);
                if (!write_text(descriptor, head)) return;
                while (sent < (1U << 30) && write_text(descriptor, piece)) sent += piece.size();
            };
        };
        const std::string piece(1 << 16, 'x');
        SUBCASE("a body of a gigabyte, announced") {
            Receiver receiver(flood("HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n", piece));
            CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::failed);
        }
        SUBCASE("a body until the connection ends") {
            Receiver receiver(flood("HTTP/1.1 200 OK\r\n\r\n", piece));
            CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::failed);
        }
        SUBCASE("chunks") {
            Receiver receiver(
                flood("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "10000\r\n" + piece + "\r\n"));
            CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::failed);
        }
        SUBCASE("headers") {
            Receiver receiver(flood("HTTP/1.1 200 OK\r\n", "x-header: " + std::string(1'000, 'x') + "\r\n"));
            CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::failed);
        }
        CHECK(sent < 64U << 20);  // what the kernel takes
    }

    TEST_CASE("an answer means the same wherever the network cuts it into pieces") {
        const std::string done =
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nd\r\n{\"done\":true}\r\n0\r\n\r\n";
        const std::string nothing = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        const std::string until_end = "HTTP/1.1 200 OK\r\n\r\n{\"done\":true}";
        const std::string hinted = "HTTP/1.1 103 Early Hints\r\n\r\n" + done;
        const auto dripping = [](const std::string& text) {
            return [text](int descriptor) {
                const int one = 1;
                ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                read_request(descriptor);
                const auto head = text.find("\r\n\r\n") + 4;
                if (!write_text(descriptor, text.substr(0, head))) return;
                for (const char byte : text.substr(head)) {
                    std::this_thread::sleep_for(2ms);
                    if (!write_text(descriptor, std::string(1, byte))) return;
                }
            };
        };

        Receiver says_done(dripping(done));
        CHECK(Sending().result(says_done.url()).kind == Outcome::Kind::done);
        Receiver says_nothing(dripping(nothing));
        CHECK(Sending().result(says_nothing.url()).kind == Outcome::Kind::accepted);
        Receiver ends(dripping(until_end));
        CHECK(Sending().result(ends.url()).kind == Outcome::Kind::done);
        Receiver hints(dripping(hinted));
        CHECK(Sending().result(hints.url()).kind == Outcome::Kind::done);
        Receiver is_cut(dripping(done.substr(0, done.size() - 3)));
        CHECK(Sending().result(is_cut.url()).kind == Outcome::Kind::failed);
    }

    TEST_CASE("an answer that drips is cut off at the deadline, whatever it says in the end") {
        Receiver receiver([](int descriptor) {
            read_request(descriptor);
            for (const char byte : reply("200 OK", R"({"done":true})")) {
                if (!write_text(descriptor, std::string(1, byte))) return;
                std::this_thread::sleep_for(200ms);
            }
        });
        Sending sending;
        const auto began = std::chrono::steady_clock::now();
        const auto outcome = sending.result(receiver.url(), 300ms);

        CHECK(outcome.kind == Outcome::Kind::failed);
        CHECK(std::chrono::steady_clock::now() - began < 2s);
    }

    TEST_CASE("a receiver that is not there, or says nothing, is a failure") {
        int port = 0;
        {
            Receiver gone([](int) {});
            port = std::stoi(gone.url("").substr(17));
        }
        CHECK(Sending().result("http://127.0.0.1:" + std::to_string(port) + "/").kind == Outcome::Kind::failed);
        Receiver silent([](int descriptor) { read_request(descriptor); });
        CHECK(Sending().result(silent.url()).kind == Outcome::Kind::failed);
        Receiver broken(answering("nonsense\r\n\r\n"));
        CHECK(Sending().result(broken.url()).kind == Outcome::Kind::failed);
    }

    TEST_CASE("a receiver without TLS gets no https request") {
        std::string request;
        Receiver plain([&](int descriptor) {
            char buffer[1024];
            const auto size = ::recv(descriptor, buffer, sizeof buffer, 0);
            if (size > 0) request.assign(buffer, static_cast<std::size_t>(size));
            write_text(descriptor, reply("200 OK", R"({"done":true})"));
        });
        const auto outcome = Sending().result("https://127.0.0.1:" + plain.url("").substr(17) + "/");
        CHECK(outcome.kind == Outcome::Kind::failed);
        CHECK(request.find("POST") == std::string::npos);
    }

    TEST_CASE("over TLS, a receiver must prove by a known authority that it is who the URL says") {
        const Certificate certificate("localhost");
        const Certificate other("other.example");
        const auto file = std::filesystem::temp_directory_path() / ("foldback-ca-" + subscriptions::new_wake_id());
        const auto with_authority = [&file](const Certificate& authority) {
            authority.save(file);
            return SenderOptions{.local = LocalWebhooks::allowed, .ca_file = file.string()};
        };
        TlsReceiver receiver(certificate);
        TlsReceiver impostor(other);
        TlsReceiver outdated(certificate, TLS1_1_VERSION);

        CHECK(Sending(with_authority(certificate)).result(receiver.url()).kind == Outcome::Kind::done);
        CHECK(Sending(with_authority(other)).result(impostor.url()).kind == Outcome::Kind::failed);
        CHECK(Sending(with_authority(other)).result(receiver.url()).kind == Outcome::Kind::failed);
        CHECK(Sending().result(receiver.url()).kind == Outcome::Kind::failed);
        CHECK(Sending(with_authority(certificate)).result(outdated.url()).kind == Outcome::Kind::failed);
        CHECK(receiver.requests() == 1);
        CHECK(impostor.requests() == 0);
        CHECK(outdated.requests() == 0);
        std::filesystem::remove(file);
        CHECK_THROWS_AS(Sending(SenderOptions{.ca_file = file.string()}), std::runtime_error);
    }

    TEST_CASE("what may not be connected to is not") {
        Receiver inside(answering(reply("200 OK", R"({"done":true})")));
        Sending sending({.local = LocalWebhooks::refused});
        CHECK(sending.result(inside.url()).kind == Outcome::Kind::failed);
        CHECK(sending.result("https://127.0.0.1:" + inside.url("").substr(17)).kind == Outcome::Kind::failed);
        CHECK(inside.connections() == 0);
    }

    TEST_CASE("silent receivers hold up no other, and their places are bounded") {
        std::atomic<int> open{0};
        std::atomic<int> most{0};
        Receiver silent([&](int descriptor) {
            most = std::max(most.load(), ++open);
            read_request(descriptor);
            char byte = 0;
            (void)::recv(descriptor, &byte, 1, 0);  // until the sender gives up
            --open;
        });
        Receiver alive(answering(reply("200 OK", R"({"done":true})")));
        Sending sending({.local = LocalWebhooks::allowed, .max_under_way = 8, .max_per_receiver = 4});
        for (int i = 0; i < 20; ++i) sending.begin(silent.url(), 2s, "silent-" + std::to_string(i));
        for (int i = 0; i < 20; ++i) sending.begin(alive.url(), 2s, "alive-" + std::to_string(i));
        sending.wait(20);

        for (const auto& [name, outcome] : sending.outcomes) {
            CHECK(name.starts_with("alive"));
            CHECK(outcome.kind == Outcome::Kind::done);
        }
        sending.wait(40);
        CHECK(most <= 4);
    }

    TEST_CASE("nothing is heard of a delivery that was cancelled") {
        Receiver silent([](int descriptor) {
            read_request(descriptor);
            char byte = 0;
            (void)::recv(descriptor, &byte, 1, 0);
        });
        Sending sending;
        sending.begin(silent.url(), 10s, "gone");
        while (silent.connections() == 0) sending.context.run_one_for(10ms);
        sending.sender.cancel("gone");
        sending.begin(silent.url(), 50ms, "next");
        sending.wait();
        CHECK(sending.outcomes[0].first == "next");
        sending.context.run_for(50ms);
        CHECK(sending.outcomes.size() == 1);
    }
}
