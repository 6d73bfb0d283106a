#include "client/producer_state.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "client/epochs.hpp"

namespace foldback::client::detail {
namespace {

using Stage = ProducerBatch::Stage;

std::uint64_t number_or_zero(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

/// Where an acknowledgement says that the stream ends; the beginning if it only says whose it is, as one of a duplicate may.
Result<Offset> acknowledged_tail(const Response& answer) {
    const auto token = answer.header("stream-next-offset");
    try {
        const bool is_acknowledged =
            answer.status / 100 == 2 && !(token.empty() && answer.header("producer-epoch").empty());
        if (is_acknowledged) return token.empty() ? Offset() : Offset(token);
    } catch (const std::invalid_argument&) {
        // An offset that is none.
    }
    return Error{.code = ErrorCode::outcome_unknown,
                 .message = "the answer to a batch is not what the protocol says",
                 .status = answer.status};
}

}  // namespace

ProducerState::ProducerState(const ProducerOptions& options, std::optional<std::uint64_t> epoch, bool is_json)
    : max_batch_bytes_(options.max_batch_bytes),
      max_batch_items_(options.max_batch_items),
      max_in_flight_(options.max_in_flight),
      is_json_(is_json),
      claims_(!epoch),
      is_given_(std::holds_alternative<GivenEpoch>(options.epoch)),
      epoch_(epoch ? *epoch : epoch_to_claim(0)) {}

void ProducerState::add(std::string_view message, IdempotentProducer::Completion done) {
    if (filling_->messages > 0 && filling_->body.size() + message.size() + 2 > max_batch_bytes_) seal();
    auto& batch = *filling_;
    if (is_json_) batch.body += batch.messages == 0 ? '[' : ',';
    batch.body += message;
    ++batch.messages;
    batch.payload_bytes += message.size();
    if (done) batch.completions.push_back(std::move(done));
    pending_bytes_ += message.size();
    ++pending_messages_;
    if (batch.messages >= max_batch_items_ || batch.body.size() + 1 >= max_batch_bytes_) seal();
}

void ProducerState::seal() {
    if (filling_->messages == 0 && !filling_->closes) return;
    if (is_json_ && filling_->messages > 0) filling_->body += ']';
    sealed_.push_back(std::exchange(filling_, std::make_shared<ProducerBatch>()));
}

void ProducerState::seal_and_close(IdempotentProducer::Completion done) {
    filling_->closes = true;
    filling_->completions.push_back(std::move(done));
    seal();
}

bool ProducerState::has_room() const noexcept {
    return sealed_.empty() && in_flight_.size() < (is_established_ ? max_in_flight_ : 1);
}

std::uint64_t ProducerState::due() const {
    for (const auto& [seq, batch] : in_flight_) {
        if (batch->stage != Stage::accepted) return seq;
    }
    return next_seq_;
}

ProducerBatchPtr ProducerState::take_to_send() {
    const auto due_now = due();
    if (const auto found = in_flight_.find(due_now);
        found != in_flight_.end() && found->second->stage == Stage::early) {
        found->second->stage = Stage::sent;
        found->second->was_its_turn = true;
        return found->second;
    }
    if (sealed_.empty() || in_flight_.size() >= (is_established_ ? max_in_flight_ : 1)) return nullptr;
    auto batch = std::move(sealed_.front());
    sealed_.pop_front();
    batch->seq = next_seq_++;
    batch->was_its_turn = batch->seq == due_now;
    in_flight_.emplace(batch->seq, batch);
    return batch;
}

const Offset* ProducerState::tail_after(const ProducerBatch& batch) const {
    for (auto later = in_flight_.upper_bound(batch.seq); later != in_flight_.end(); ++later) {
        if (later->second->stage == Stage::accepted) return &later->second->outcome.tail;
    }
    return nullptr;
}

ProducerState::Judgement ProducerState::judge(ProducerBatch& batch, const Result<Response>& answer) {
    if (!answer) return judge_error(batch, answer.error());
    const auto tail = acknowledged_tail(*answer);
    if (!tail) return {Verdict::failed, tail.error()};
    const bool is_duplicate = answer->status == 204 && batch.messages > 0;
    if (is_duplicate && !is_established_) {
        if (auto judgement = judge_first_duplicate(*answer); judgement.verdict != Verdict::accepted) return judgement;
    }
    is_established_ = true;
    batch.stage = Stage::accepted;
    batch.outcome.is_duplicate = is_duplicate;
    batch.outcome.tail = *tail;
    return {};
}

ProducerState::Judgement ProducerState::judge_first_duplicate(const Response& answer) {
    // The first batch is a duplicate of what we sent before it was answered, or of what somebody else sent under this epoch.
    const bool is_anothers = answer.unanswered == 0 || number_or_zero(answer.header("producer-seq")) > 0;
    if (is_anothers && claims_) return claim_above(epoch_);
    const auto epoch = "the epoch " + std::to_string(epoch_);
    if (is_anothers) {
        return {Verdict::failed,
                {.code = ErrorCode::epoch_in_use,
                 .message = epoch + " was used before: the server took the first batch for one that it has"}};
    }
    if (is_given_) {
        return {Verdict::failed,
                {.code = ErrorCode::outcome_unknown,
                 .message = "an answer was lost, and " + epoch +
                            " may have been used before: whether the server has the first batch is unknown"}};
    }
    return {};
}

ProducerState::Judgement ProducerState::judge_error(ProducerBatch& batch, const Error& error) {
    if (error.code == ErrorCode::sequence_gap && (!batch.was_its_turn || batch.seq != due())) {
        // Overtaken on the way.
        batch.stage = Stage::early;
        return {Verdict::wait, {}};
    }
    if (const auto* const tail = tail_after(batch)) {
        batch.stage = Stage::accepted;
        batch.outcome.tail = *tail;
        return {};
    }
    if (batch.unanswered > 0) {
        // Also of a stale epoch: who was accepted, and fenced before the answer came, must not append the same again.
        auto unknown = error;
        unknown.code = ErrorCode::outcome_unknown;
        unknown.is_retryable = false;
        if (error.code != unknown.code) unknown.message += "; an earlier answer was lost, and the batch may be there";
        return {Verdict::failed, std::move(unknown)};
    }
    if (error.code == ErrorCode::stale_epoch && claims_ && !is_established_)
        return claim_above(error.current_epoch.value_or(epoch_));
    return {Verdict::failed, error};
}

ProducerState::Judgement ProducerState::claim_above(std::uint64_t current) {
    if (current >= max_epoch) {
        return {Verdict::failed, {.code = ErrorCode::stale_epoch, .message = "there is no epoch above the stream's"}};
    }
    epoch_ = epoch_to_claim(current);
    return {Verdict::send_again, {}};
}

void ProducerState::forget(const ProducerBatch& batch) {
    pending_bytes_ -= batch.payload_bytes;
    pending_messages_ -= batch.messages;
}

std::vector<ProducerBatchPtr> ProducerState::take_settled() {
    std::vector<ProducerBatchPtr> settled;
    while (!in_flight_.empty() && in_flight_.begin()->second->stage == Stage::accepted) {
        settled.push_back(std::move(in_flight_.begin()->second));
        in_flight_.erase(in_flight_.begin());
        forget(*settled.back());
    }
    return settled;
}

std::vector<ProducerBatchPtr> ProducerState::take_delivered() {
    for (auto& [seq, batch] : in_flight_) {
        const auto* const tail = batch->stage == Stage::accepted ? nullptr : tail_after(*batch);
        if (tail == nullptr) continue;
        batch->stage = Stage::accepted;
        batch->outcome.tail = *tail;
    }
    return take_settled();
}

std::vector<ProducerBatchPtr> ProducerState::take_all() {
    std::vector<ProducerBatchPtr> all;
    for (auto& [seq, batch] : in_flight_) all.push_back(std::move(batch));
    in_flight_.clear();
    seal();
    std::ranges::move(sealed_, std::back_inserter(all));
    sealed_.clear();
    for (const auto& batch : all) forget(*batch);
    return all;
}

IdempotentProducer::Progress ProducerState::progress() const {
    return {.epoch = epoch_,
            .next_seq = next_seq_,
            .pending_messages = pending_messages_,
            .pending_bytes = pending_bytes_,
            .batches_in_flight = in_flight_.size()};
}

}  // namespace foldback::client::detail
