#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "client/operation.hpp"
#include "client/read_state.hpp"
#include "client/target.hpp"
#include "client/transport.hpp"

namespace foldback::client {

/// A read session with its sockets: does what the ReadState says.
///
/// While catching up, one answer is fetched ahead of what was asked for.
class ReadSession::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(std::shared_ptr<detail::Target> target, ReadOptions options);

    /// On the client's thread.
    detail::Task<Next> next();

    /// These from any thread.
    void cancel();
    [[nodiscard]] Offset offset() const;
    [[nodiscard]] std::string content_type() const;
    [[nodiscard]] unsigned status() const noexcept { return status_; }
    [[nodiscard]] detail::Runtime& runtime() const noexcept { return *target_->runtime; }

private:
    /// An answer that is fetched before it is asked for.
    struct Ahead {
        Ahead(std::string query_, detail::asio::io_context& context)
            : query(std::move(query_)), ended(context.get_executor(), detail::TimePoint::max()) {}

        std::string query;
        std::optional<Result<detail::Response>> response{};
        detail::Timer ended;  ///< cancelled when there is a response
    };

    detail::Task<Result<void>> read_answer();
    detail::Task<Result<detail::Response>> fetch(std::string query);
    void fetch_ahead(std::string query);
    detail::Task<Result<void>> read_events();
    [[nodiscard]] detail::Request request(std::string query) const;
    void note(const Batch& batch);

    std::shared_ptr<detail::Target> target_;
    ReadOptions options_;
    std::shared_ptr<detail::Operation> operation_;
    detail::ReadState state_;
    std::shared_ptr<Ahead> ahead_;
    std::shared_ptr<detail::Connection> events_;
    detail::TimePoint opened_at_{};

    std::atomic<unsigned> status_{0};
    mutable std::mutex mutex_;  ///< of what other threads may ask for
    Offset offset_;
    std::string content_type_;
};

}  // namespace foldback::client
