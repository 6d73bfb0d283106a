#include "client/connection.hpp"

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <string>

#include "server/delivery/receiver.hpp"
#include "support/eventually.hpp"

using namespace foldback::client;
using namespace std::chrono_literals;
using detail::Connection;
using detail::Task;
namespace asio = boost::asio;
namespace test = foldback::test;
namespace server = foldback::server;

namespace {

/// A connection to a server of the test's, and the thread of a client.
struct Connected {
    explicit Connected(const server::Receiver& receiver, ClientOptions options_ = {}) : options(std::move(options_)) {
        const auto url = receiver.url("");
        const detail::Endpoint endpoint{.host = "127.0.0.1", .port = url.substr(url.rfind(':') + 1)};
        connection = std::make_shared<Connection>(context, options, endpoint);
    }

    /// Does `work` after connecting; true when nothing was thrown.
    bool run(const std::function<Task<void>()>& work) {
        bool has_failed = false;
        const auto all = [this, &work]() -> Task<void> {
            co_await connection->connect(tls);
            co_await work();
        };
        asio::co_spawn(context, all, [&](const std::exception_ptr& error) { has_failed = error != nullptr; });
        context.run();
        return !has_failed;
    }

    ClientOptions options;
    asio::io_context context{1};
    asio::ssl::context tls{asio::ssl::context::tls_client};
    std::shared_ptr<Connection> connection;
};

}  // namespace

TEST_CASE("what the system took is sent, though the connection is closed before anybody hears of it") {
    std::string received;
    std::unique_ptr<server::Receiver> receiver =
        std::make_unique<server::Receiver>([&](int descriptor) { received = server::read_beginning(descriptor); });
    Connected one(*receiver);

    const bool was_sent = one.run([&]() -> Task<void> {
        asio::post(one.context, [&] { one.connection->close(); });
        const std::string_view no_body;
        co_await one.connection->write("POST / HTTP/1.1\r\n\r\n", no_body);
    });

    CHECK(was_sent);
    CHECK(test::eventually([&] { return receiver->connections() == 1; }));
    receiver.reset();
    CHECK(received == "POST / HTTP/1.1\r\n\r\n");
}
