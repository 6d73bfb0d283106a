#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "foldback/server/http_server.hpp"
#include "server/http/raw_client.hpp"
#include "server/http/scripted_handler.hpp"

namespace foldback::server::testing {

[[nodiscard]] inline HttpServerOptions on_any_port() {
    HttpServerOptions options;
    options.port = 0;
    options.threads = 2;
    return options;
}

/// A scripted handler behind a server.
struct Served {
    ScriptedHandler handler;
    std::optional<HttpServer> server;

    RawClient start(HttpServerOptions options = on_any_port()) {
        server.emplace(handler, std::move(options));
        server->start();
        return connect();
    }
    RawClient connect() { return RawClient(server->port()); }
};

[[nodiscard]] inline Response with_status(unsigned status) {
    Response response;
    response.status = status;
    return response;
}

[[nodiscard]] inline Response with_text(std::string text) {
    Response response;
    response.text = std::move(text);
    return response;
}

/// A thread that does what it is given, in order; its end waits for everything.
class Worker {
public:
    void give(std::function<void()> work) {
        work_.change([&](auto& queue) { queue.push_back(std::move(work)); });
    }
    ~Worker() {
        give(nullptr);
        thread_.join();
    }

private:
    void run() {
        while (true) {
            std::function<void()> next;
            if (!work_.becomes([](const auto& queue) { return !queue.empty(); })) continue;
            work_.change([&](auto& queue) {
                next = std::move(queue.front());
                queue.pop_front();
            });
            if (!next) return;
            next();
        }
    }

    Awaited<std::deque<std::function<void()>>> work_;
    std::thread thread_{[this] { run(); }};
};

}  // namespace foldback::server::testing
