#include "store/commit_draft.hpp"

namespace foldback {
namespace {

bool same_tuple(const Producer& left, const Producer& right) {
    return left.id == right.id && left.epoch == right.epoch && left.seq == right.seq;
}

/// Asks where the stream is, and nothing else.
bool is_assertion(const AppendRequest& request) {
    return request.messages.empty() && !request.close && (request.expected || request.expected_point);
}

}  // namespace

Result<Appended> CommitDraft::decide(const AppendRequest& request) {
    auto planned = plan(request);
    if (!planned) return planned.error();
    return carry_out(*planned, request);
}

Result<std::vector<Appended>> CommitDraft::decide(const std::vector<AppendRequest>& requests) {
    std::size_t payload_bytes = 0;
    for (const auto& request : requests) payload_bytes += request.messages.joined().size();
    if (payload_bytes > options_.max_append_bytes) return refuse_too_large();
    std::vector<AppendPlan> plans;
    for (const auto& request : requests) {
        auto planned = is_assertion(request) ? plan_assertion(request) : plan(request);
        if (!planned) return planned.error();
        for (const auto& earlier : plans) {
            if (earlier.stream == planned->stream) {
                return refuse(Refusal::bad_request,
                              "stream '" + request.stream.text() + "' occurs twice in one append");
            }
        }
        plans.push_back(std::move(*planned));
    }
    std::vector<Appended> outcomes;
    for (std::size_t i = 0; i < plans.size(); ++i) outcomes.push_back(carry_out(plans[i], requests[i]));
    return outcomes;
}

std::optional<Refused> CommitDraft::check_shape(const AppendRequest& request) const {
    if (request.messages.empty() && !request.close)
        return refuse(Refusal::bad_request, "an append needs data, unless it closes");
    if (request.messages.joined().size() > options_.max_append_bytes) return refuse_too_large();
    if (request.producer && request.producer->id.empty())
        return refuse(Refusal::bad_request, "a producer id must not be empty");
    return std::nullopt;
}

Result<CommitDraft::AppendPlan> CommitDraft::plan(const AppendRequest& request) {
    if (auto refused = check_shape(request)) return *std::move(refused);
    auto& target = named(request.stream);
    if (!target.usable()) {
        const bool held_by_forks = target.exists() && (target.life == index::Life::soft_deleted || target.forks > 0);
        if (!request.create_with || held_by_forks) return refuse_missing(target, request.stream);
        return plan_new(target, request);
    }
    if (target.closed) return plan_closed(target, request);
    if (!request.messages.empty()) {
        const bool same_type =
            request.content_type.empty() || media_type_of(request.content_type) == target.meta->media_type;
        if (!same_type || request.messages.framing() != target.meta->framing) {
            return refuse(Refusal::content_type, "the stream holds " + target.meta->config.content_type, &target);
        }
    }
    AppendPlan accepted;
    accepted.stream = &target;
    if (request.producer) {
        const auto duplicate = check_producer(target, *request.producer);
        if (!duplicate) return duplicate.error();
        if (*duplicate) {
            accepted.nothing_to_do = true;
            accepted.duplicate = true;
            return accepted;
        }
    }
    if (auto refused = check_conditions(target, request)) return *std::move(refused);
    return accepted;
}

Result<CommitDraft::AppendPlan> CommitDraft::plan_assertion(const AppendRequest& request) {
    if (request.producer || request.stream_seq || request.create_with) {
        return refuse(Refusal::bad_request, "an append without data asserts an offset and nothing else");
    }
    auto& target = named(request.stream);
    AppendPlan asserted;
    asserted.stream = &target;
    asserted.nothing_to_do = true;
    if (!target.usable()) {
        auto missing = refuse_missing(target, request.stream);
        const bool is_as_expected =
            missing.reason == Refusal::not_found && !request.expected_point && *request.expected == Offset{};
        if (!is_as_expected) return missing;
        asserted.asserts_absence = true;
        return asserted;
    }
    if (auto refused = check_conditions(target, request)) return *std::move(refused);
    return asserted;
}

Result<CommitDraft::AppendPlan> CommitDraft::plan_new(Stream& target, const AppendRequest& request) const {
    const auto& config = *request.create_with;
    if (auto refused = check_config(config)) return *std::move(refused);
    if (!request.messages.empty()) {
        const bool same_type = request.content_type.empty() ||
                               media_type_of(request.content_type) == media_type_of(content_type_of(config));
        if (!same_type || request.messages.framing() != framing_of(config.content_type)) {
            return refuse(Refusal::content_type, "the data is not of the content type of the stream to create");
        }
    }
    if (request.producer && request.producer->seq != 0) {
        return Refused{.reason = Refusal::sequence_gap,
                       .detail = "a new producer starts at sequence 0",
                       .expected_seq = 0,
                       .received_seq = request.producer->seq};
    }
    if (request.expected_point || (request.expected && request.expected->value != 0)) {
        return refuse(Refusal::offset_mismatch, "the stream does not exist yet: its offset is 0");
    }
    AppendPlan fresh;
    fresh.stream = &target;
    fresh.creates = true;
    return fresh;
}

Result<CommitDraft::AppendPlan> CommitDraft::plan_closed(Stream& target, const AppendRequest& request) {
    AppendPlan done;
    done.stream = &target;
    done.nothing_to_do = true;
    const bool closing_tuple = request.producer && target.closed_by && same_tuple(*request.producer, *target.closed_by);
    if (closing_tuple) {
        done.duplicate = true;
        return done;
    }
    if (request.close && request.messages.empty() && !request.producer) return done;
    return refuse(Refusal::closed, "the stream is closed", &target);
}

Result<bool> CommitDraft::check_producer(Stream& target, const Producer& producer) {
    const auto known = producer_of(target, producer.id);
    if (!known) {
        if (target.producer_count >= options_.max_producers_per_stream) {
            return refuse(Refusal::too_many_producers,
                          "the stream has its " + std::to_string(target.producer_count) + " producers", &target);
        }
        if (producer.seq == 0) return false;
        auto refused = refuse(Refusal::sequence_gap, "a new producer starts at sequence 0", &target);
        refused.received_seq = producer.seq;
        return refused;
    }
    if (producer.epoch < known->epoch) {
        auto refused = refuse(Refusal::stale_epoch, "the producer's epoch is " + std::to_string(known->epoch), &target);
        refused.producer_epoch = known->epoch;
        return refused;
    }
    if (producer.epoch > known->epoch) {
        if (producer.seq != 0) return refuse(Refusal::epoch_start, "a new epoch starts at sequence 0", &target);
        return false;
    }
    if (producer.seq <= known->seq) return true;
    if (producer.seq == known->seq + 1) return false;
    auto refused = refuse(Refusal::sequence_gap, "sequence " + std::to_string(known->seq + 1) + " is due", &target);
    refused.expected_seq = known->seq + 1;
    refused.received_seq = producer.seq;
    return refused;
}

std::optional<Refused> CommitDraft::check_conditions(const Stream& target, const AppendRequest& request) const {
    if (request.expected && *request.expected != target.tail) {
        return refuse(Refusal::offset_mismatch,
                      "expected offset " + std::to_string(request.expected->value) + ", the tail is " +
                          std::to_string(target.tail.value),
                      &target);
    }
    if (request.expected_point && *request.expected_point != target.meta->point(target.tail)) {
        return refuse(Refusal::offset_mismatch, "the stream's tail is another one", &target);
    }
    if (request.stream_seq && target.stream_seq && *request.stream_seq <= *target.stream_seq) {
        return refuse(Refusal::stream_seq, "Stream-Seq must be greater than the last one", &target);
    }
    return std::nullopt;
}

Appended CommitDraft::carry_out(const AppendPlan& plan, const AppendRequest& request) {
    auto& target = *plan.stream;
    if (plan.creates) {
        if (target.exists()) record_deleted(target, log::DeleteReason::expired);
        record_created(target, creation(request.stream, *request.create_with), nullptr);
    }
    Appended outcome{.duplicate = plan.duplicate};
    outcome.first_position = outcome.next_position = {first_position_.value + commit_.messages()};
    if (plan.asserts_absence) return outcome;
    outcome.first = target.meta->point(target.tail);
    if (!plan.nothing_to_do) {
        const log::MessagesAppended last{
            .incarnation = target.meta->incarnation,
            .framing = target.meta->framing,
            .producer_id = request.producer ? std::string_view(request.producer->id) : std::string_view(),
            .producer_epoch = request.producer ? request.producer->epoch : 0,
            .producer_seq = request.producer ? request.producer->seq : 0,
            .stream_seq = request.stream_seq,
            .closes = request.close};
        if (request.messages.empty()) {
            commit_.add(
                log::StreamClosed{target.meta->incarnation, last.producer_id, last.producer_epoch, last.producer_seq});
        } else {
            record_messages(target, request.messages, last);
        }
        if (request.stream_seq && !request.messages.empty()) target.stream_seq = request.stream_seq;
        if (request.producer) {
            if (!producer_of(target, request.producer->id)) ++target.producer_count;
            target.producers[request.producer->id] = {.epoch = request.producer->epoch, .seq = request.producer->seq};
        }
        if (request.close) {
            target.closed = true;
            target.closed_by = request.producer;
        }
    }
    outcome.next = target.meta->point(target.tail);
    outcome.next_position = {first_position_.value + commit_.messages()};
    outcome.closed = target.closed;
    if (request.producer) {
        const auto producer = producer_of(target, request.producer->id);
        outcome.producer_seq = producer ? producer->seq : request.producer->seq;
    }
    return outcome;
}

void CommitDraft::record_messages(Stream& target, const Messages& messages, const log::MessagesAppended& last) {
    const auto joined = messages.joined();
    const auto sizes = messages.sizes();
    const bool json = messages.framing() == Framing::json;
    std::size_t message = 0;
    std::size_t begin = 0;
    while (begin < joined.size() || message < sizes.size()) {
        log::MessagesAppended record{.incarnation = last.incarnation, .framing = last.framing};
        sizes_.clear();
        auto end = begin;
        std::uint32_t count = 0;
        if (json) {
            // At least one message, then as many as fit; a comma lies between two.
            do {
                end += (count > 0 ? 1 : 0) + sizes[message];
                log::put_varint(sizes[message], sizes_);
                ++count;
                ++message;
            } while (message < sizes.size() && end - begin + 1 + sizes[message] <= max_record_payload);
        } else {
            end = std::min(joined.size(), begin + max_record_payload);
            count = 1;
            message = end == joined.size() ? sizes.size() : message;
        }
        record.first = target.tail;
        record.first_position = {first_position_.value + commit_.messages()};
        record.count = count;
        record.extent = json ? count : end - begin;
        record.timestamp_ms = timestamp_.time_since_epoch().count();
        record.sizes = sizes_;
        record.payload = joined.substr(begin, end - begin);
        if (message == sizes.size()) {
            record.producer_id = last.producer_id;
            record.producer_epoch = last.producer_epoch;
            record.producer_seq = last.producer_seq;
            record.stream_seq = last.stream_seq;
            record.closes = last.closes;
        }
        const auto byte = commit_.add(record);
        const bool plain = record.producer_id.empty() && !record.stream_seq && !record.closes;
        if (plain && target.is_known()) {
            auto& plain_append = plain_appends_.emplace_back();
            plain_append.stream = &target.found;
            plain_append.chunk.first = record.first;
            plain_append.chunk.first_position = record.first_position;
            plain_append.chunk.extent = record.extent;
            plain_append.chunk.byte = static_cast<std::uint32_t>(byte);
            plain_append.chunk.length = static_cast<std::uint32_t>(commit_.size() - byte);
        }
        commit_.count_messages(count);
        target.tail.value += record.extent;
        begin = end + (json ? 1 : 0);
        if (message == sizes.size()) break;
    }
}

}  // namespace foldback
