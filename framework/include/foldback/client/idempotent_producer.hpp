#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "foldback/client/durable_stream.hpp"

namespace foldback::client {

/// Where a producer's epoch comes from (PROTOCOL §5.2.1). A server drops as a duplicate what a restarted producer sends with
/// an epoch it used before. All three ways make that impossible.

/// The first batch claims an epoch above the stream's current one, whatever it is, and fences whoever had it. Epochs are
/// claimed with gaps of chance between them, so that two producers that claim at the same time do not meet. When the answer to the
/// first batch is lost, and its epoch is stale by then, the producer fails with `outcome_unknown`: the batch may have come before.
struct ClaimEpoch {};

/// The file holds the last epoch that was used. Opening it takes the next one, on the disk before anything is sent. The file
/// is created when absent, and locked: one producer at a time.
struct EpochFile {
    std::filesystem::path path;
};

/// The caller keeps count. When the stream knows this epoch already, the producer fails with `epoch_in_use` or, after a
/// lost answer that leaves it open, with `outcome_unknown`, and nothing more is sent.
struct GivenEpoch {
    std::uint64_t epoch = 0;
};

using Epoch = std::variant<ClaimEpoch, EpochFile, GivenEpoch>;

/// Messages that were not delivered, as far as is known, and why.
struct Undelivered {
    Error error;
    std::size_t messages = 0;
    std::string_view body{};  ///< of the batch, as it was to be sent
};

struct ProducerOptions {
    Epoch epoch = ClaimEpoch{};
    std::size_t max_batch_bytes = 1 << 20;  ///< at most 1 GiB; a larger message goes alone
    std::size_t max_batch_items = 100'000;  ///< at most 1'000'000'000
    std::chrono::milliseconds linger{5};    ///< how long a batch waits for more messages
    unsigned max_in_flight = 5;             ///< batches on their way at the same time, at most 100
    std::size_t max_pending_bytes = 64 << 20;
    std::chrono::milliseconds delivery_timeout{120'000};  ///< how long a batch is sent again and again
    std::chrono::milliseconds destructor_timeout{5'000};
    NamedValues headers{};  ///< of this producer's requests only
    /// Called for every batch that fails. Must be set: no message is lost in silence.
    std::function<void(const Undelivered&)> on_error{};
};

/// Appends with the guarantee that every message is in the stream once and in order, or that its sender is told: messages
/// are put together into batches, batches are numbered, sent several at a time and sent again until the server has them
/// (PROTOCOL §5.2.1).
///
/// A batch that fails for good ends the producer, since what follows must not overtake: everything pending fails with the
/// same error, or with `outcome_unknown` where an answer is missing without which nobody knows whether it is there, and so does every
/// later append. Make a new producer, with a new epoch, to go on.
///
/// All members may be called from any thread at the same time. `on_error` and completion functions are called on the client's
/// thread, in the order of the batches; they must not block nor throw, and may append. Forms that do not block are in asio.hpp.
class IdempotentProducer {
public:
    using Completion = std::function<void(const Result<Appended>&)>;

    /// Asks for the content type if the handle does not know it. Throws std::invalid_argument for an empty id, or an option out of its bounds, and ClientError
    /// (`epoch_in_use`, `invalid_argument`) when the epoch file is locked by another producer or is none.
    IdempotentProducer(DurableStream stream, std::string producer_id, ProducerOptions options);
    /// `detach` with the option's timeout.
    ~IdempotentProducer();
    IdempotentProducer(const IdempotentProducer&) = delete;
    IdempotentProducer& operator=(const IdempotentProducer&) = delete;

    /// Takes one message to be sent soon: for a JSON stream its JSON text, otherwise bytes. Blocks while `max_pending_bytes`
    /// are waiting. Errors, of this call only: `invalid_argument` for what is no JSON; the producer's error after it failed;
    /// `detached` after its end; on the client's thread, which must not wait, `rate_limited` when too much is waiting.
    Result<void> append(std::string_view message);
    /// The same; `done` is called once, with the outcome of the message's batch. Not called when this returns an error.
    Result<void> append(std::string_view message, Completion done);
    template <JsonValue T>
    Result<void> append(const T& value) {
        return append(std::string_view(to_json(value)));
    }
    template <JsonValue T>
    Result<void> append(const T& value, Completion done) {
        return append(std::string_view(to_json(value)), std::move(done));
    }
    /// The same, with a future of the outcome, whatever it is.
    [[nodiscard]] std::future<Result<Appended>> append_with_future(std::string_view message);

    /// Waits until everything appended before is in the stream. Errors: the producer's; `timed_out` and `cancelled`, which
    /// change nothing: it is still being sent.
    [[nodiscard]] Result<void> flush(const CallOptions& call = {});

    /// Ends the producer and leaves the stream open: like `flush`, but what is not delivered by the deadline fails with
    /// `detached`, or `outcome_unknown` if it was sent. Later calls do nothing.
    Result<void> detach(const CallOptions& call = {});

    /// Delivers everything, then closes the stream, for everybody and for ever, with a last message if there is one; ends
    /// the producer. Asking again returns the same. Errors: as `flush`, and the server's.
    [[nodiscard]] Result<Appended> close_stream(const CallOptions& call = {});
    [[nodiscard]] Result<Appended> close_stream(std::string_view final_message, const CallOptions& call = {});

    struct Progress {
        std::uint64_t epoch = 0;           ///< meaningful once a batch was accepted, or not claimed
        std::uint64_t next_seq = 0;        ///< of the next batch
        std::size_t pending_messages = 0;  ///< appended and not acknowledged
        std::size_t pending_bytes = 0;
        std::size_t batches_in_flight = 0;
    };
    [[nodiscard]] Progress progress() const;

    class Impl;

private:
    friend struct detail::Start;

    std::shared_ptr<Impl> impl_;
};

}  // namespace foldback::client
