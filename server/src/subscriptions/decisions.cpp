#include "subscriptions/decisions.hpp"

#include <algorithm>
#include <map>

#include "protocol/offset_token.hpp"

namespace foldback::server::subscriptions {

namespace {

using protocol::offset_token;

/// Whose streams a wake is about: pending ones, going on after those of the last wake, so that each has its turn.
std::vector<StreamOffset> tails_of_pending(const State& state) {
    std::vector<StreamOffset> tails;
    for (const auto& stream : next_pending(state)) tails.push_back({stream, offset_token(state.find(stream)->tail)});
    return tails;
}

WakeIssued issue(const State& state, Timestamp now, const std::string& wake_id) {
    WakeIssued wake{.wake_id = wake_id, .generation = state.generation() + 1, .tails = tails_of_pending(state)};
    if (state.configuration().type == Delivery::webhook) wake.lease_until = now + state.lease_ttl();
    return wake;
}

DeliveryFailed failure(const State& state, Timestamp now, const std::string& reason, double chance) {
    const auto failures = state.failures() + 1;
    return {.failures = failures, .next_attempt_at = now + retry_delay(failures, chance), .reason = reason};
}

Rejection fenced() { return reject(code::fenced, "The wake is over, or another one is under way."); }

/// All four must be of the present wake, whose lease must last (PROTOCOL §7.3).
bool is_current(const State& state, Timestamp now, const Claims& claims, const WakeReference& wake) {
    return state.wake_is_live(now) && claims.generation == state.generation() && claims.wake_id == state.wake()->id &&
           wake.generation == state.generation() && wake.wake_id == state.wake()->id;
}

/// Whether a point that a client names can be one of the stream's: not one of a deleted stream of the same name.
bool is_of(const Link& link, StreamPoint point) {
    // Below the place where a fork left its source, points have the source's incarnation.
    return point.incarnation == link.incarnation || point.incarnation == link.acked.incarnation ||
           point.incarnation == link.tail.incarnation;
}

Rejection bad_ack(const Ack& ack, const char* why) {
    return reject(code::invalid_offset, "The ack of {} is refused: {}.", ack.stream, why);
}

Checked<OffsetsAcked> check_acks(const State& state, const std::vector<Ack>& acks) {
    std::map<std::string, StreamPoint> acked;
    for (const auto& ack : acks) {
        const auto* link = state.find(ack.stream);
        if (link == nullptr) return bad_ack(ack, "the stream is not one of the subscription's");
        const auto point = protocol::parse_offset_token(ack.offset);
        if (!point || !is_of(*link, *point)) return bad_ack(ack, "the offset is not one of the stream's");
        const auto [place, is_first] = acked.try_emplace(ack.stream, link->acked);
        if (point->offset < place->second.offset) return bad_ack(ack, "the offset lies before what is acknowledged");
        if (point->offset > std::max(link->tail.offset, link->acked.offset)) {
            return bad_ack(ack, "the offset lies beyond the stream's tail");
        }
        place->second = *point;
    }
    OffsetsAcked event;
    for (const auto& [stream, point] : acked) event.offsets.push_back({stream, offset_token(point)});
    return event;
}

/// The tails of the wake, as far as they are ahead of what is acknowledged.
OffsetsAcked ack_snapshot(const State& state) {
    OffsetsAcked event;
    for (const auto& [stream, tail] : state.wake()->tails) {
        const auto* link = state.find(stream);
        if (link != nullptr && is_of(*link, tail) && tail.offset > link->acked.offset) {
            event.offsets.push_back({stream, offset_token(tail)});
        }
    }
    return event;
}

}  // namespace

std::vector<std::string> next_pending(const State& state) {
    const auto& pending = state.pending();
    const auto count = std::min(pending.size(), max_streams_per_wake);
    std::vector<std::string> streams;
    streams.reserve(count);
    for (auto next = pending.upper_bound(state.last_woken()); streams.size() < count; ++next) {
        if (next == pending.end()) next = pending.begin();
        streams.push_back(*next);
    }
    return streams;
}

Decided decide_sightings(const State& state, const std::vector<Sighting>& sightings) {
    StreamsLinked linked;
    for (const auto& sighting : sightings) {
        const auto* link = state.find(sighting.stream);
        if (link == nullptr && !sighting.by_pattern) continue;  // unlinked meanwhile
        const bool is_known = link != nullptr && link->incarnation == sighting.incarnation;
        if (is_known && (link->by_pattern || !sighting.by_pattern)) continue;
        linked.links.push_back({.stream = sighting.stream,
                                .incarnation = sighting.incarnation.value,
                                .acked = offset_token(is_known ? link->acked : sighting.first),
                                .by_name = link != nullptr && link->by_name,
                                .by_pattern = sighting.by_pattern});
    }
    if (linked.links.empty()) return {};
    return linked;
}

Decided decide_add(const State& state, const std::vector<NamedStream>& streams) {
    StreamsLinked linked;
    for (const auto& [stream, incarnation, tail] : streams) {
        const auto* link = state.find(stream);
        if (link != nullptr && link->by_name) continue;
        auto record = link != nullptr
                          ? to_record(stream, *link)
                          : StreamLink{.stream = stream, .incarnation = incarnation.value, .acked = offset_token(tail)};
        record.by_name = true;
        linked.links.push_back(std::move(record));
    }
    if (linked.links.empty()) return {};
    return linked;
}

Decided decide_remove(const State& state, const std::string& stream) {
    const auto* link = state.find(stream);
    if (link == nullptr || !link->by_name) return {};
    return StreamUnlinked{stream};
}

Decided decide_wake(const State& state, Timestamp now, const std::string& wake_id) {
    if (state.wake() || state.pending().empty()) return {};
    if (state.next_attempt_at() && now < *state.next_attempt_at()) return {};
    Decided decided = issue(state, now, wake_id);
    // A wake that is recorded is in its wake stream; a webhook still has to arrive.
    if (state.configuration().type == Delivery::pull_wake && state.failures() > 0) decided.then(DeliverySucceeded{});
    return decided;
}

Decided decide_claim(const State& state, Timestamp now, const std::string& worker, const std::string& wake_id) {
    if (state.configuration().type != Delivery::pull_wake) {
        return reject(code::invalid_request, "The subscription is delivered by webhook: there is nothing to claim.");
    }
    const bool is_held = state.wake() && !state.wake()->holder.empty();
    if (is_held && state.wake_is_live(now)) return reject(code::already_claimed, "Another worker holds the lease.");
    if (state.pending().empty()) return reject(code::no_pending_work, "The subscription has no pending work.");
    Decided decided;
    if (is_held) decided.then(WakeEnded{WakeEnd::expired});
    if (is_held || !state.wake()) decided.then(issue(state, now, wake_id));
    decided.then(WakeClaimed{.worker = worker, .lease_until = now + state.lease_ttl()});
    return decided;
}

Decided decide_progress(const State& state, Timestamp now, const Claims& claims, const Progress& progress) {
    if (!is_current(state, now, claims, progress.wake)) return fenced();
    auto acked = check_acks(state, progress.acks);
    if (!acked) return acked.error();
    Decided decided;
    if (!acked->offsets.empty()) decided.then(std::move(*acked));
    if (state.failures() > 0) decided.then(DeliverySucceeded{});  // whoever calls back was reached
    if (progress.done) {
        decided.then(WakeEnded{WakeEnd::done});
    } else {
        decided.then(LeaseExtended{now + state.lease_ttl()});
    }
    return decided;
}

Decided decide_release(const State& state, Timestamp now, const Claims& claims, const WakeReference& wake) {
    if (!is_current(state, now, claims, wake)) return fenced();
    return WakeEnded{WakeEnd::released};
}

Decided decide_outcome(const State& state, Timestamp now, const std::string& wake_id, const Outcome& outcome,
                       double chance) {
    if (!state.wake() || state.wake()->id != wake_id) return {};
    // Also when its lease has just ended: that is how an attempt ends that nobody answers.
    if (outcome.kind == Outcome::Kind::failed) return failure(state, now, outcome.reason, chance);
    if (!state.wake_is_live(now)) return {};
    Decided decided;
    if (state.failures() > 0) decided.then(DeliverySucceeded{});
    if (outcome.kind == Outcome::Kind::accepted) return decided;
    if (auto acked = ack_snapshot(state); !acked.offsets.empty()) decided.then(std::move(acked));
    decided.then(WakeEnded{WakeEnd::done});
    return decided;
}

Decided decide_unwritten_wake(const State& state, Timestamp now, const std::string& reason, double chance) {
    return failure(state, now, reason, chance);
}

Decided decide_expiry(const State& state, Timestamp now, bool attempt_under_way, double chance) {
    if (!state.wake()) return {};
    // A wake that nobody claimed, and whose work is gone (streams were deleted): the next work is a wake of its own.
    const bool is_moot = !state.wake()->lease_until && state.pending().empty();
    if (!is_moot && state.wake_is_live(now)) return {};
    Decided decided;
    decided.then(WakeEnded{WakeEnd::expired});
    if (attempt_under_way) {
        decided.then(failure(state, now, "the receiver did not answer before its lease ended", chance));
    }
    return decided;
}

std::chrono::milliseconds retry_delay(std::uint64_t failures, double chance) noexcept {
    constexpr std::uint64_t first_ms = 1'000;
    constexpr std::uint64_t longest_ms = 60'000;
    const auto doublings = std::min<std::uint64_t>(failures == 0 ? 0 : failures - 1, 6);
    const auto delay_ms = static_cast<double>(std::min(first_ms << doublings, longest_ms));
    return std::chrono::milliseconds(static_cast<std::int64_t>(delay_ms * (0.8 + 0.4 * chance)));
}

}  // namespace foldback::server::subscriptions
