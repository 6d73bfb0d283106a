#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "foldback/client/client.hpp"
#include "server/delivery/tls_receiver.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

/// Answers that come before the server has all of the request.
namespace foldback::client {

using namespace std::chrono_literals;

namespace {

/// More than the system takes for a server that reads nothing.
constexpr std::size_t large = 24 << 20;
const std::string refusal = server::reply("413 So", "too large");

ClientOptions once(std::string ca_file = {}) {
    return {.retry = {.max_retries = 0}, .ca_file = std::move(ca_file), .response_timeout = 10s};
}

DurableStream stream_at(const std::string& url, ClientOptions options) {
    return Client(std::move(options)).stream(url, {.content_type = "text/plain"});
}

Source endless() {
    return [](std::span<char> space) {
        std::ranges::fill(space, 'x');
        return space.size();
    };
}

void check_refused(const Result<Appended>& appended) {
    REQUIRE(appended.has_error());
    CAPTURE(appended.error().message);
    CHECK(appended.error().code == ErrorCode::too_large);
    CHECK(appended.error().body == "too large");
}

}  // namespace

TEST_CASE("a refusal that comes before the body was sent is told, though the server reads nothing more") {
    server::Receiver refusing([](int descriptor) {
        (void)server::read_beginning(descriptor);
        server::write_text(descriptor, refusal);
        server::wait_until_the_other_side_is_gone(descriptor);
    });
    const auto stream = stream_at(refusing.url(), once());
    const auto begun = std::chrono::steady_clock::now();

    check_refused(stream.append(std::string(large, 'x')));
    check_refused(stream.append_from(endless()));

    CHECK(refusing.connections() == 2);
    CHECK(std::chrono::steady_clock::now() - begun < 9s);
}

TEST_CASE("over TLS, too, a refusal is told that comes before the body was sent") {
    const server::Certificate certificate("localhost");
    const test::TemporaryDirectory directory;
    certificate.save(directory.path() / "ca.pem");
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate.x509());
    SSL_CTX_use_PrivateKey(context.get(), certificate.key());
    server::Receiver refusing([&](int descriptor) {
        const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), &SSL_free);
        SSL_set_fd(tls.get(), descriptor);
        if (SSL_accept(tls.get()) != 1) return;
        char byte = 0;
        SSL_read(tls.get(), &byte, 1);
        SSL_write(tls.get(), refusal.data(), static_cast<int>(refusal.size()));
        server::wait_until_the_other_side_is_gone(descriptor);
    });
    const auto port = refusing.url("").substr(std::string("http://127.0.0.1").size());
    const auto stream = stream_at("https://localhost" + port + "/stream", once(directory.path() / "ca.pem"));

    check_refused(stream.append(std::string(large, 'x')));
    check_refused(stream.append_from(endless()));
}

TEST_CASE("a refusal whose body is cut off is told by its status") {
    server::Receiver refusing([](int descriptor) {
        (void)server::read_beginning(descriptor);
        server::write_text(descriptor, "HTTP/1.1 413 So\r\ncontent-length: 100\r\n\r\ntoo");
    });

    const auto appended = stream_at(refusing.url(), once()).append_from(endless());

    REQUIRE(appended.has_error());
    CHECK(appended.error().code == ErrorCode::too_large);
}

TEST_CASE("what was answered well before its end is sent to its end") {
    std::atomic<std::size_t> received{0};
    server::Receiver hasty([&](int descriptor) {
        const auto beginning = server::read_beginning(descriptor);
        received = beginning.size() - beginning.find("\r\n\r\n") - 4;
        server::write_text(descriptor, "HTTP/1.1 204 Done\r\nstream-next-offset: 7\r\n\r\n");
        received += server::skip_bytes(descriptor, large - received);
    });

    const auto appended = stream_at(hasty.url(), once()).append(std::string(large, 'x'));

    REQUIRE(appended.has_value());
    CHECK(appended->tail.text() == "7");
    CHECK(test::eventually([&] { return received == large; }));
}

TEST_CASE("a body that is cut off after a good answer was not appended, as far as is known") {
    server::Receiver hasty([](int descriptor) {
        (void)server::read_beginning(descriptor);
        server::write_text(descriptor, "HTTP/1.1 204 Done\r\nstream-next-offset: 7\r\n\r\n");
    });

    const auto appended = stream_at(hasty.url(), once()).append(std::string(large, 'x'));

    REQUIRE(appended.has_error());
    CHECK(appended.error().code == ErrorCode::network);
}

}  // namespace foldback::client
