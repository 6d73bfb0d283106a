#include "foldback/server/key_sets.hpp"

#include "receiver.hpp"
#include "subscriptions/secrets.hpp"
#include "tls_receiver.hpp"

using namespace foldback::server;
using namespace std::chrono_literals;

namespace {

const KeySetOptions local{.allow_local = true};

std::string why_not(KeySets& sets, const std::string& url, std::stop_token stop = {}) {
    try {
        (void)sets.fetch({.url = url}, std::move(stop));
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return "";
}

/// The text up to its first colon: what comes after is the system's.
std::string beginning(const std::string& text) { return text.substr(0, text.find(':')); }

}  // namespace

TEST_SUITE("key sets") {
    TEST_CASE("a key set is got with one request, which says no more than it must") {
        std::string request;
        Receiver issuer([&](int descriptor) {
            request = read_request(descriptor);
            write_text(descriptor, reply("200 OK", "the keys"));
        });
        CHECK(key_sets_by_https(local)->fetch({.url = issuer.url("/keys?v=1")}, {}) == "the keys");
        CHECK(request.starts_with("GET /keys?v=1 HTTP/1.1\r\nhost: 127.0.0.1:"));
        CHECK(request.find("\r\ncontent-length") == std::string::npos);
        CHECK(request.find("authorization") == std::string::npos);
    }

    TEST_CASE("without permission, a URL must be https and lead to the public internet") {
        Receiver inside(answering(reply("200 OK", "keys")));
        const auto sets = key_sets_by_https();
        for (const auto* url :
             {"http://id.example/keys", "http://127.0.0.1/keys", "https://127.0.0.1/keys", "https://localhost/keys",
              "https://10.0.0.1/keys", "https://169.254.169.254/keys", "https://[::1]/keys", "https://id.internal/keys",
              "https://user@id.example/", "ftp://id.example", "id.example", "https://127.1/", "https://0x7f000001/"}) {
            CAPTURE(url);
            CHECK_FALSE(sets->problem_with({.url = url}).empty());
        }
        CHECK(sets->problem_with({.url = "https://id.example/keys"}).empty());
        CHECK_FALSE(why_not(*sets, inside.url()).empty());
        CHECK_FALSE(key_sets_by_https(local)->problem_with({.url = "http://id.example/keys"}).empty());
        CHECK(inside.connections() == 0);
    }

    TEST_CASE("an answer that is none, too long or late is refused, and a redirect is not followed") {
        Receiver elsewhere(answering(reply("200 OK", "keys")));
        const auto sets = key_sets_by_https({.allow_local = true, .timeout = 300ms, .max_bytes = 1'000});
        Receiver moved(
            answering("HTTP/1.1 302 Found\r\nlocation: " + elsewhere.url() + "\r\ncontent-length: 0\r\n\r\n"));
        CHECK(why_not(*sets, moved.url()) == "the answer was 302");
        CHECK(elsewhere.connections() == 0);
        Receiver broken(answering(reply("500 Oh", "keys")));
        CHECK(why_not(*sets, broken.url()) == "the answer was 500");
        Receiver large(answering(reply("200 OK", std::string(1'001, 'x'))));
        CHECK_FALSE(why_not(*sets, large.url()).empty());
        Receiver nonsense(answering("nonsense\r\n\r\n"));
        CHECK_FALSE(why_not(*sets, nonsense.url()).empty());
        Receiver silent([](int descriptor) {
            read_request(descriptor);
            char byte = 0;
            (void)::recv(descriptor, &byte, 1, 0);
        });
        CHECK(why_not(*sets, silent.url()) == "there was no answer in time");
    }

    TEST_CASE("a question is cut off when it is told to stop") {
        std::stop_source stop;
        Receiver silent([&](int descriptor) {
            read_request(descriptor);
            stop.request_stop();
            char byte = 0;
            (void)::recv(descriptor, &byte, 1, 0);
        });
        const auto began = std::chrono::steady_clock::now();
        CHECK_FALSE(why_not(*key_sets_by_https(local), silent.url(), stop.get_token()).empty());
        CHECK(std::chrono::steady_clock::now() - began < 5s);
    }

    TEST_CASE("over TLS an issuer must prove by a known authority that it is who the URL says") {
        const Certificate certificate("localhost");
        const Certificate other("other.example");
        const auto file = std::filesystem::temp_directory_path() / ("foldback-ca-" + subscriptions::new_wake_id());
        certificate.save(file);
        TlsReceiver issuer(certificate);
        TlsReceiver impostor(other);
        const auto sets = key_sets_by_https(local);

        CHECK(sets->fetch({.url = issuer.url(), .ca_file = file}, {}) == R"({"done":true})");
        CHECK(beginning(why_not(*sets, issuer.url())) == "no TLS with the receiver");
        CHECK_THROWS_AS((void)sets->fetch({.url = impostor.url(), .ca_file = file}, {}), std::runtime_error);
        CHECK(impostor.requests() == 0);
        std::filesystem::remove(file);
        CHECK_THROWS_AS((void)sets->fetch({.url = issuer.url(), .ca_file = file}, {}), std::runtime_error);
    }
}
