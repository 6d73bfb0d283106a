#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <string>

#include "foldback/server/http_server.hpp"
#include "foldback/server/request_handler.hpp"
#include "http/admission.hpp"
#include "http/input.hpp"
#include "http/mailbox.hpp"
#include "http/net.hpp"
#include "http/request_head.hpp"
#include "http/response_head.hpp"

namespace foldback::server::http {

class Connection;

/// What all shards have in common.
struct Common {
    const HttpServerOptions& options;
    RequestHandler& handler;
    /// Bytes of bodies received, or being received, and not answered yet.
    std::atomic<std::uint64_t> bodies_in_flight{0};
};

[[nodiscard]] HeadLimits head_limits(const HttpServerOptions& options) noexcept;

/// An accepted socket that nobody serves yet.
class AcceptedSocket {
public:
    AcceptedSocket(int descriptor, Admission::Seat seat) noexcept : descriptor_(descriptor), seat_(std::move(seat)) {}
    AcceptedSocket(AcceptedSocket&& other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), seat_(std::move(other.seat_)) {}
    AcceptedSocket& operator=(AcceptedSocket&&) = delete;
    ~AcceptedSocket();

    [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
    [[nodiscard]] int release() noexcept { return std::exchange(descriptor_, -1); }
    [[nodiscard]] Admission::Seat take_seat() noexcept { return std::move(seat_); }

private:
    int descriptor_;
    Admission::Seat seat_;
};

/// One I/O thread with its connections. Everything a connection touches belongs to its shard, so nothing is locked.
class Shard {
public:
    explicit Shard(Common& common);
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// The thread's work; returns after `finish`, when no connection is left.
    void run();

    // Any thread.
    void adopt(AcceptedSocket socket);
    void drain();   ///< no new requests: see HttpServer::stop
    void abort();   ///< cuts every connection
    void finish();  ///< lets `run` return when all is done

    // The shard's thread only.
    [[nodiscard]] asio::io_context& context() noexcept { return context_; }
    [[nodiscard]] Common& common() noexcept { return common_; }
    [[nodiscard]] BufferPool& buffers() noexcept { return buffers_; }
    [[nodiscard]] const std::shared_ptr<Mailbox>& mailbox() const noexcept { return mailbox_; }
    [[nodiscard]] bool is_draining() const noexcept { return draining_; }
    [[nodiscard]] std::string_view date() noexcept;
    [[nodiscard]] std::string next_request_id();
    /// Tells the operator, unless he was told something a moment ago.
    void report(std::string_view what);
    /// A connection's deadline is now this one: it is told when that passes.
    void note_deadline(TimePoint deadline) {
        if (deadline < next_sweep_) schedule_sweep(deadline);
    }

private:
    void serve(AcceptedSocket socket);
    void schedule_sweep(TimePoint when);
    void sweep_at(TimePoint when);
    void sweep();

    Common& common_;
    asio::io_context context_;
    asio::executor_work_guard<Executor> work_;
    BufferPool buffers_;
    std::shared_ptr<Mailbox> mailbox_;
    std::list<Connection> connections_;
    Timer sweep_timer_;
    TimePoint next_sweep_ = TimePoint::max();
    bool draining_ = false;
    TimePoint next_report_{};
    DateText date_;
    std::uint64_t next_request_ = 0;
};

}  // namespace foldback::server::http
