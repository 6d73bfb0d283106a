#include "http/shard.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <exception>
#include <random>

#include "http/connection.hpp"

namespace foldback::server::http {
namespace {

/// Deadlines are kept to this, so that many of them close together cost one look at the connections; and to this much
/// more for each connection, so that looking at many takes a small part of the time.
constexpr std::chrono::microseconds sweep_granularity{5'000};
constexpr std::chrono::microseconds sweep_granularity_per_connection{10};
/// A connection whose time is over is answered and shut down, which takes its time: the others come in between.
constexpr int deadlines_at_once = 32;
constexpr std::chrono::seconds report_interval{5};

std::uint64_t random_number() {
    std::random_device device;
    return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

HeadLimits head_limits(const HttpServerOptions& options) noexcept {
    return {.request_line_bytes = options.max_request_line_bytes,
            .header_bytes = options.max_header_bytes,
            .header_fields = options.max_header_fields};
}

AcceptedSocket::~AcceptedSocket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

Shard::Shard(Common& common)
    : common_(common),
      context_(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO),
      work_(context_.get_executor()),
      buffers_(std::max(HeadParser::max_size(head_limits(common.options)), common.options.max_pipelined_bytes)),
      mailbox_(std::make_shared<Mailbox>([this] { asio::post(context_, [this] { mailbox_->deliver(); }); })),
      sweep_timer_(context_.get_executor()),
      next_request_(random_number()) {}

Shard::~Shard() { mailbox_->close(); }

void Shard::run() { context_.run(); }

void Shard::adopt(AcceptedSocket socket) {
    asio::post(context_, [this, moved = std::move(socket)]() mutable { serve(std::move(moved)); });
}

void Shard::serve(AcceptedSocket socket) {
    if (draining_) return;
    try {
        connections_.emplace_front(*this, std::move(socket));
    } catch (const std::exception& failure) {
        return report(failure.what());
    }
    const auto connection = connections_.begin();
    auto life = connection->run();
    asio::co_spawn(context_.get_executor(), std::move(life), [this, connection](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);  // it may be referred to still: the process ends
        connections_.erase(connection);
    });
}

void Shard::drain() {
    asio::post(context_, [this] {
        draining_ = true;
        for (auto next = connections_.begin(); next != connections_.end();) (next++)->drain();
    });
}

void Shard::abort() {
    asio::post(context_, [this] {
        draining_ = true;
        for (auto next = connections_.begin(); next != connections_.end();) (next++)->abort();
    });
}

void Shard::finish() {
    asio::post(context_, [this] {
        sweep_timer_.cancel();
        work_.reset();
    });
}

void Shard::schedule_sweep(TimePoint when) {
    const auto looking = static_cast<std::int64_t>(connections_.size()) * sweep_granularity_per_connection;
    sweep_at(std::max(when, SteadyClock::now() + sweep_granularity + looking));
}

void Shard::sweep_at(TimePoint when) {
    next_sweep_ = when;
    sweep_timer_.expires_at(next_sweep_);
    sweep_timer_.async_wait([this](boost::system::error_code error) {
        if (!error) sweep();
    });
}

void Shard::sweep() {
    const auto now = SteadyClock::now();
    next_sweep_ = TimePoint::max();
    int passed = 0;
    for (auto next = connections_.begin(); next != connections_.end() && passed < deadlines_at_once;) {
        const auto connection = next++;
        if (connection->deadline() > now) continue;
        ++passed;
        connection->deadline_passed();
    }
    if (passed == deadlines_at_once) return sweep_at(SteadyClock::now() + sweep_granularity);  // there may be more
    auto earliest = TimePoint::max();
    for (const auto& connection : connections_) earliest = std::min(earliest, connection.deadline());
    if (earliest < next_sweep_) schedule_sweep(earliest);
}

void Shard::report(std::string_view what) {
    const auto now = SteadyClock::now();
    if (!common_.options.on_error || now < next_report_) return;
    next_report_ = now + report_interval;
    common_.options.on_error(what);
}

std::string_view Shard::date() noexcept {
    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return date_.at(now.tv_sec);
}

/// Thirteen characters, each worth five bits: unique in this process, and unlikely to be seen in another.
std::string Shard::next_request_id() {
    constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    std::array<char, 13> id;
    auto number = next_request_++;
    for (auto at = id.rbegin(); at != id.rend(); ++at, number >>= 5) *at = alphabet[number & 31];
    return {id.data(), id.size()};
}

}  // namespace foldback::server::http
