#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/http.hpp"
#include "foldback/client/idempotent_producer.hpp"

namespace foldback::client::detail {

/// Messages that go in one request, under one number.
struct ProducerBatch {
    std::string body{};
    std::size_t messages = 0;
    std::size_t payload_bytes = 0;
    bool closes = false;
    std::uint64_t seq = 0;
    std::chrono::steady_clock::time_point first_sent{};
    std::vector<IdempotentProducer::Completion> completions{};

    enum class Stage : std::uint8_t {
        sent,      ///< no answer yet
        early,     ///< came before its turn: to be sent again when its turn is there
        accepted,  ///< and to be settled after those before it
    };
    Stage stage = Stage::sent;
    bool was_its_turn = false;  ///< when it was sent last, all before it were accepted
    unsigned unanswered = 0;    ///< attempts that the server may have carried out, and whose answers were lost
    Appended outcome{};
};
using ProducerBatchPtr = std::shared_ptr<ProducerBatch>;

/// What a producer knows and decides, without sockets, locks and clocks: what goes into a batch, which batch is sent when,
/// and what an answer means (PROTOCOL §5.2.1).
class ProducerState {
public:
    /// No epoch: it is claimed.
    ProducerState(const ProducerOptions& options, std::optional<std::uint64_t> epoch, bool is_json);

    /// Adds a message to the batch that is being filled.
    void add(std::string_view message, IdempotentProducer::Completion done);
    /// The batch that is being filled waits for no more messages.
    void seal();
    /// Closes the stream with the batch that is being filled, or an empty one.
    void seal_and_close(IdempotentProducer::Completion done);

    [[nodiscard]] bool has_partial_batch() const noexcept { return filling_->messages > 0; }
    [[nodiscard]] bool has_full_batch() const noexcept { return !sealed_.empty(); }
    /// Whether a sealed batch would be sent at once.
    [[nodiscard]] bool has_room() const noexcept;

    /// The next batch to send now, if one may be sent.
    [[nodiscard]] ProducerBatchPtr take_to_send();

    /// What an answer to a batch means.
    enum class Verdict : std::uint8_t {
        accepted,    ///< see take_settled
        send_again,  ///< at once
        wait,        ///< take_to_send returns it again when its turn is there
        failed,      ///< the producer has come to its end
    };
    struct Judgement {
        Verdict verdict = Verdict::accepted;
        Error error{};
    };
    [[nodiscard]] Judgement judge(ProducerBatch& batch, const Result<Response>& answer);

    /// The batches that are accepted and have none before them that is not, in order. Forgotten here.
    [[nodiscard]] std::vector<ProducerBatchPtr> take_settled();
    /// The batches that are in the stream though not all is settled before them: an accepted one has all before it there. In
    /// order. Forgotten here.
    [[nodiscard]] std::vector<ProducerBatchPtr> take_delivered();
    /// Everything else, in order. Forgotten here.
    [[nodiscard]] std::vector<ProducerBatchPtr> take_all();

    [[nodiscard]] IdempotentProducer::Progress progress() const;
    [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

private:
    void forget(const ProducerBatch& batch);
    /// The number that the server has to accept next, as far as is known.
    [[nodiscard]] std::uint64_t due() const;
    /// What an accepted batch after this one says of where the stream ends; null when there is none.
    [[nodiscard]] const Offset* tail_after(const ProducerBatch& batch) const;
    [[nodiscard]] Judgement judge_first_duplicate(const Response& answer);
    [[nodiscard]] Judgement judge_error(ProducerBatch& batch, const Error& error);
    [[nodiscard]] Judgement claim_above(std::uint64_t current);

    std::size_t max_batch_bytes_;
    std::size_t max_batch_items_;
    std::size_t max_in_flight_;
    bool is_json_;
    bool claims_;
    bool is_given_;
    std::uint64_t epoch_;
    std::uint64_t next_seq_ = 0;
    bool is_established_ = false;  ///< the server has accepted a batch of this epoch; until then one goes at a time
    ProducerBatchPtr filling_ = std::make_shared<ProducerBatch>();
    std::deque<ProducerBatchPtr> sealed_;
    std::map<std::uint64_t, ProducerBatchPtr> in_flight_;  ///< by number
    std::size_t pending_bytes_ = 0;
    std::size_t pending_messages_ = 0;
};

}  // namespace foldback::client::detail
