#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/epoch_file.hpp"
#include "client/operation.hpp"
#include "client/producer_state.hpp"
#include "client/target.hpp"
#include "client/transport.hpp"

namespace foldback::client {

/// A producer with its sockets and threads: does what the ProducerState says.
class IdempotentProducer::Impl : public std::enable_shared_from_this<Impl> {
public:
    Impl(std::shared_ptr<detail::Target> target, std::string id, ProducerOptions options, bool is_json);

    /// From any thread. Blocks while there is no space.
    Result<void> append(std::string_view message, Completion done);
    /// The same for a caller on the client's thread that is the last of its kind: what is pending fails at once.
    Result<void> detach_on_own_thread();

    // On the client's thread.
    detail::Task<Result<Appended>> deliver(std::string message);
    detail::Task<Result<void>> flush(CallOptions call);
    detail::Task<Result<void>> detach(CallOptions call);
    detail::Task<Result<Appended>> close_stream(std::optional<std::string> final_message, CallOptions call);

    [[nodiscard]] Progress progress() const;
    /// The next producer may open the epoch file, whatever of this one is still on its way.
    void release_epoch_file() { epoch_lock_.reset(); }
    [[nodiscard]] std::chrono::milliseconds destructor_timeout() const noexcept { return options_.destructor_timeout; }
    [[nodiscard]] detail::Runtime& runtime() const noexcept { return *target_->runtime; }

private:
    using Lock = std::unique_lock<std::mutex>;

    [[nodiscard]] std::optional<Error> problem_with(std::string_view message) const;
    /// Why nothing can be appended; nothing when something can.
    [[nodiscard]] std::optional<Error> refusal() const;
    [[nodiscard]] std::optional<Error> wait_for_space(Lock& lock, std::size_t bytes);
    [[nodiscard]] bool has_space(std::size_t bytes) const;
    /// Whether the message is to be sent without waiting for a later one.
    [[nodiscard]] bool add(std::string_view message, Completion done);
    [[nodiscard]] Error detached_error() const;
    void begin_to_close(const std::optional<std::string>& final_message);
    void wake(Lock& lock);

    // On the client's thread.
    void pump();
    void start_linger();
    detail::Task<void> send(detail::ProducerBatchPtr batch);
    [[nodiscard]] detail::Request request_of(const detail::ProducerBatch& batch) const;
    detail::Task<Result<void>> settled(std::uint64_t messages, CallOptions call);
    detail::Task<void> progressed();
    void tell_progress();
    void settle(std::vector<detail::ProducerBatchPtr> batches);
    /// Ends the producer. `seq`: of the batch that the error is about; none: it is about all of them.
    void fail(const Error& error, std::optional<std::uint64_t> seq = std::nullopt);

    const std::shared_ptr<detail::Target> target_;
    const std::string id_;
    const ProducerOptions options_;
    const bool is_json_;
    std::unique_ptr<detail::EpochLock> epoch_lock_;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    detail::ProducerState state_;
    std::uint64_t appended_ = 0;  ///< messages, and the close
    std::uint64_t settled_ = 0;   ///< of them, with a known outcome
    unsigned flushing_ = 0;       ///< who waits for everything
    bool is_ended_ = false;       ///< by detach or close: no more appends
    bool is_woken_ = false;
    std::optional<Error> failure_;
    std::optional<std::uint64_t> closing_;  ///< how many messages, with the close, are then settled
    std::optional<Result<Appended>> closed_;

    detail::Timer linger_timer_;  ///< this and below: on the client's thread only
    bool lingers_ = false;
    bool linger_is_over_ = false;
    detail::Timer progress_;           ///< never expires: cancelled when something was settled or has failed
    std::uint64_t next_delivery_ = 0;  ///< of those that wait for space
    std::uint64_t admitted_ = 0;       ///< which of them may go on
    std::vector<std::weak_ptr<detail::Operation>> sending_;
};

}  // namespace foldback::client
