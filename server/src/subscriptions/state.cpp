#include "subscriptions/state.hpp"

#include <algorithm>
#include <stdexcept>

#include "protocol/offset_token.hpp"

namespace foldback::server::subscriptions {

namespace {

/// Links of one event: so that no message of a subscription with many streams is very large.
constexpr std::size_t links_per_event = 1'000;

StreamPoint point_of(const std::string& token) {
    const auto point = protocol::parse_offset_token(token);
    if (!point) throw std::runtime_error("a subscription's event holds \"" + token + "\" where an offset should be");
    return *point;
}

}  // namespace

void State::note_pending(const std::string& stream, const Link& link) {
    if (link.has_pending()) {
        pending_.insert(stream);
    } else {
        pending_.erase(stream);
    }
}

void State::apply(const SubscriptionCreated& event) {
    *this = State();
    created_ = event;
}

void State::apply(const SubscriptionRestated& event) {
    apply(event.created);
    generation_ = event.generation;
    failures_ = event.failures;
    next_attempt_at_ = event.next_attempt_at;
}

void State::apply(const StreamsLinked& event) {
    for (const auto& record : event.links) {
        auto& link = links_[record.stream];
        const bool is_new = !link.by_name && !link.by_pattern;
        const Incarnation incarnation{record.incarnation};
        if (link.incarnation != incarnation) link.tail = {};
        if (is_new || link.incarnation != incarnation) link.acked = point_of(record.acked);
        link.incarnation = incarnation;
        link.by_name = link.by_name || record.by_name;
        link.by_pattern = link.by_pattern || record.by_pattern;
        note_pending(record.stream, link);
    }
}

void State::apply(const StreamUnlinked& event) {
    const auto found = links_.find(event.stream);
    if (found == links_.end()) return;
    found->second.by_name = false;
    if (found->second.by_pattern) return;
    pending_.erase(event.stream);
    links_.erase(found);
}

void State::apply(const WakeIssued& event) {
    generation_ = event.generation;
    wake_ = Wake{.id = event.wake_id, .lease_until = event.lease_until};
    for (const auto& [stream, offset] : event.tails) wake_->tails.emplace_back(stream, point_of(offset));
    if (!event.tails.empty()) last_woken_ = event.tails.back().stream;
}

void State::apply(const WakeClaimed& event) {
    if (!wake_) return;
    wake_->holder = event.worker;
    wake_->lease_until = event.lease_until;
}

void State::apply(const LeaseExtended& event) {
    if (wake_) wake_->lease_until = event.lease_until;
}

void State::apply(const OffsetsAcked& event) {
    for (const auto& [stream, offset] : event.offsets) {
        const auto found = links_.find(stream);
        if (found == links_.end()) continue;
        found->second.acked = point_of(offset);
        note_pending(stream, found->second);
    }
}

void State::apply(const WakeEnded&) { wake_.reset(); }

void State::apply(const DeliveryFailed& event) {
    failures_ = event.failures;
    next_attempt_at_ = event.next_attempt_at;
}

void State::apply(const DeliverySucceeded&) {
    failures_ = 0;
    next_attempt_at_.reset();
}

void State::saw(const std::string& stream, Incarnation incarnation, StreamPoint tail) {
    const auto found = links_.find(stream);
    if (found == links_.end() || found->second.incarnation != incarnation) return;
    if (tail.offset > found->second.tail.offset) found->second.tail = tail;
    note_pending(stream, found->second);
}

void State::missed(const std::string& stream) {
    const auto found = links_.find(stream);
    if (found == links_.end()) return;
    found->second.tail = {};
    pending_.erase(stream);
}

void State::forget(const std::string& stream) {
    pending_.erase(stream);
    links_.erase(stream);
}

void State::limit_times(Timestamp now) {
    constexpr std::chrono::seconds longest_wait{72};
    if (wake_ && wake_->lease_until) wake_->lease_until = std::min(*wake_->lease_until, now + lease_ttl());
    if (next_attempt_at_) next_attempt_at_ = std::min<Timestamp>(*next_attempt_at_, now + longest_wait);
}

const Link* State::find(const std::string& stream) const {
    const auto found = links_.find(stream);
    return found == links_.end() ? nullptr : &found->second;
}

StreamLink to_record(const std::string& stream, const Link& link) {
    return {.stream = stream,
            .incarnation = link.incarnation.value,
            .acked = protocol::offset_token(link.acked),
            .by_name = link.by_name,
            .by_pattern = link.by_pattern};
}

std::vector<SubscriptionEvent> restate(const State& state) {
    std::vector<SubscriptionEvent> events;
    const auto& wake = state.wake();
    events.emplace_back(SubscriptionRestated{.created = state.created(),
                                             .generation = state.generation(),
                                             .failures = state.failures(),
                                             .next_attempt_at = state.next_attempt_at()});
    StreamsLinked linked;
    for (const auto& [stream, link] : state.links()) {
        linked.links.push_back(to_record(stream, link));
        if (linked.links.size() == links_per_event) events.emplace_back(std::exchange(linked, {}));
    }
    if (!linked.links.empty()) events.emplace_back(std::move(linked));
    if (!wake) return events;
    WakeIssued issued{.wake_id = wake->id, .generation = state.generation(), .lease_until = wake->lease_until};
    for (const auto& [stream, tail] : wake->tails) issued.tails.push_back({stream, protocol::offset_token(tail)});
    events.emplace_back(std::move(issued));
    if (!wake->holder.empty()) {
        events.emplace_back(WakeClaimed{.worker = wake->holder, .lease_until = *wake->lease_until});
    }
    return events;
}

}  // namespace foldback::server::subscriptions
