#include "model/model.hpp"

namespace foldback::model {

Result<Appended> Model::apply(const AppendRequest& request) {
    const auto planned = plan(request);
    if (!planned) return planned.error();
    return carry_out(*planned, request);
}

Result<std::vector<Appended>> Model::apply(const std::vector<AppendRequest>& requests) {
    std::vector<Plan> plans;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto planned = plan(requests[i]);
        if (!planned) return planned.error();
        for (std::size_t earlier = 0; earlier < i; ++earlier) {
            if (requests[earlier].stream == requests[i].stream) return refuse(Refusal::bad_request);
        }
        plans.push_back(*planned);
    }
    std::vector<Appended> outcomes;
    for (std::size_t i = 0; i < requests.size(); ++i) outcomes.push_back(carry_out(plans[i], requests[i]));
    return outcomes;
}

Result<Model::Plan> Model::plan(const AppendRequest& request) const {
    if (request.messages.empty() && !request.close) return refuse(Refusal::bad_request);
    const auto* stream = find(request.stream.text());
    if (stream == nullptr) {
        if (is_held(request.stream.text())) return refuse(Refusal::gone);
        if (!request.create_with) return refuse(Refusal::not_found);
        return plan_new(request);
    }
    if (stream->closed) {
        const auto& closer = stream->closed_by;
        const bool repeats = request.producer && closer && request.producer->id == closer->id &&
                             request.producer->epoch == closer->epoch && request.producer->seq == closer->seq;
        if (repeats) return Plan{.duplicate = true, .changes_nothing = true};
        if (request.messages.empty() && !request.producer) return Plan{.changes_nothing = true};
        return refuse(Refusal::closed, stream);
    }
    if (!request.messages.empty()) {
        const bool other_type = !request.content_type.empty() &&
                                media_type_of(request.content_type) != media_type_of(stream->config.content_type);
        if (other_type || request.messages.framing() != stream->framing()) return refuse(Refusal::content_type, stream);
    }
    if (request.producer) {
        const auto planned = plan_producer(*stream, request);
        if (!planned || planned->duplicate) return planned;
    }
    if (request.expected && request.expected->value != stream->tail) return refuse(Refusal::offset_mismatch, stream);
    if (request.stream_seq && stream->stream_seq && *request.stream_seq <= *stream->stream_seq) {
        return refuse(Refusal::stream_seq, stream);
    }
    return Plan{};
}

Result<Model::Plan> Model::plan_new(const AppendRequest& request) const {
    const auto& type = request.create_with->content_type;
    if (!request.messages.empty()) {
        const bool other_type =
            !request.content_type.empty() && media_type_of(request.content_type) != media_type_of(type);
        if (other_type || request.messages.framing() != framing_of(type)) return refuse(Refusal::content_type);
    }
    if (request.producer && request.producer->seq != 0) {
        auto refused = refuse(Refusal::sequence_gap);
        refused.received_seq = request.producer->seq;
        return refused;
    }
    if (request.expected && request.expected->value != 0) return refuse(Refusal::offset_mismatch);
    return Plan{.creates = true};
}

Result<Model::Plan> Model::plan_producer(const Stream& stream, const AppendRequest& request) const {
    const auto& producer = *request.producer;
    const auto known = stream.producers.find(producer.id);
    if (known == stream.producers.end()) {
        if (stream.producers.size() >= max_producers_) return refuse(Refusal::too_many_producers, &stream);
        if (producer.seq == 0) return Plan{};
    } else if (producer.epoch < known->second.epoch) {
        auto refused = refuse(Refusal::stale_epoch, &stream);
        refused.producer_epoch = known->second.epoch;
        return refused;
    } else if (producer.epoch > known->second.epoch) {
        if (producer.seq == 0) return Plan{};
        return refuse(Refusal::epoch_start, &stream);
    } else if (producer.seq <= known->second.seq) {
        return Plan{.duplicate = true, .changes_nothing = true};
    } else if (producer.seq == known->second.seq + 1) {
        return Plan{};
    }
    auto refused = refuse(Refusal::sequence_gap, &stream);
    refused.expected_seq = known == stream.producers.end() ? 0 : known->second.seq + 1;
    refused.received_seq = producer.seq;
    return refused;
}

Appended Model::carry_out(const Plan& plan, const AppendRequest& request) {
    if (plan.creates) add(request.stream.text(), Stream{.config = *request.create_with});
    auto& stream = *named(request.stream.text());
    Appended outcome;
    outcome.duplicate = plan.duplicate;
    outcome.first = point(stream, stream.tail);
    outcome.first_position = {next_position_};
    if (!plan.changes_nothing) {
        add_messages(stream, request.messages);
        if (request.stream_seq) stream.stream_seq = request.stream_seq;
        if (request.producer) stream.producers[request.producer->id] = {request.producer->epoch, request.producer->seq};
        if (request.close) {
            stream.closed = true;
            stream.closed_by = request.producer;
        }
        stream.last_access = clock_->monotonic();
    }
    outcome.next = point(stream, stream.tail);
    outcome.next_position = {next_position_};
    outcome.closed = stream.closed;
    if (request.producer) outcome.producer_seq = stream.producers.at(request.producer->id).seq;
    return outcome;
}

}  // namespace foldback::model
