#include "foldback/server/http_server.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <mutex>
#include <thread>

#include "http/listener.hpp"
#include "http/shard.hpp"

namespace foldback::server {

using namespace http;

struct HttpServer::State {
    State(std::unique_ptr<RequestHandler> owned, RequestHandler& handler, HttpServerOptions given)
        : options(std::move(given)),
          owned_handler(std::move(owned)),
          common{.options = options, .handler = handler},
          admission({.connections = options.max_connections,
                     .per_address = options.max_connections_per_address,
                     .limit_loopback = options.limit_loopback}) {}

    void bind();
    void launch();
    void close_listeners();

    const HttpServerOptions options;
    const std::unique_ptr<RequestHandler> owned_handler;
    Common common;
    Admission admission;
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::vector<std::thread> threads;
    std::uint16_t port = 0;
    std::mutex stopping;
};

HttpServer::HttpServer(RequestHandler& handler, HttpServerOptions options)
    : state_(std::make_unique<State>(nullptr, handler, std::move(options))) {}

HttpServer::HttpServer(std::unique_ptr<RequestHandler> handler, HttpServerOptions options) {
    auto& borrowed = *handler;
    state_ = std::make_unique<State>(std::move(handler), borrowed, std::move(options));
}

HttpServer::~HttpServer() { (void)stop(std::chrono::milliseconds(0)); }

void HttpServer::State::bind() {
    const auto cores = std::max(1U, std::thread::hardware_concurrency());
    const auto count = options.threads != 0 ? options.threads : cores;
    std::vector<Shard*> targets;
    for (unsigned i = 0; i < count; ++i) {
        shards.push_back(std::make_unique<Shard>(common));
        targets.push_back(shards.back().get());
    }
    port = options.port;
    for (const auto& address : options.addresses) {
        listeners.push_back(
            std::make_unique<Listener>(*shards.front(), targets, admission, options.backlog, address, port));
        port = listeners.front()->port();
    }
}

void HttpServer::State::launch() {
    for (auto& listener : listeners) listener->start();
    // Signals are the main thread's business.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (auto& shard : shards) {
        threads.emplace_back([&shard = *shard] { shard.run(); });
        pthread_setname_np(threads.back().native_handle(), "foldback-http");
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void HttpServer::start() {
    try {
        state_->bind();
    } catch (...) {
        state_->listeners.clear();
        state_->shards.clear();
        throw;
    }
    state_->launch();
}

/// Returns when nothing is accepted any more, so that every accepted connection has been given to its shard.
void HttpServer::State::close_listeners() {
    std::promise<void> closed;
    asio::post(shards.front()->context(), [&] {
        for (auto& listener : listeners) listener->close();
        closed.set_value();
    });
    closed.get_future().wait();
}

bool HttpServer::stop(std::chrono::milliseconds deadline) {
    const std::scoped_lock lock(state_->stopping);
    if (state_->threads.empty()) return true;
    const auto until = SteadyClock::now() + deadline;
    state_->close_listeners();
    for (auto& shard : state_->shards) shard->drain();
    const bool finished = state_->admission.wait_until_empty(until);
    for (auto& shard : state_->shards) {
        shard->abort();
        shard->finish();
    }
    for (auto& thread : state_->threads) thread.join();
    state_->threads.clear();
    state_->listeners.clear();
    state_->shards.clear();
    return finished;
}

std::uint16_t HttpServer::port() const noexcept { return state_->port; }

std::size_t HttpServer::connections() const noexcept { return state_->admission.connections(); }

}  // namespace foldback::server
