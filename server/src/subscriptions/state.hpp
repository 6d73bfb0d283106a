#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "foldback/store/types.hpp"
#include "subscriptions/events.hpp"

namespace foldback::server::subscriptions {

/// A stream that a subscription follows (PROTOCOL §6.1).
struct Link {
    Incarnation incarnation;  ///< 0: there is no such stream yet
    StreamPoint acked;        ///< everything before is processed
    bool by_name = false;
    bool by_pattern = false;
    /// As last seen in the store: not recorded, the store knows it.
    StreamPoint tail{};

    [[nodiscard]] bool has_pending() const noexcept { return tail.offset > acked.offset; }
};

/// A generation under way: from its wake to `done`, release or the end of its lease (PROTOCOL §7.3).
struct Wake {
    std::string id;
    std::vector<std::pair<std::string, StreamPoint>> tails;  ///< what `done` acknowledges
    std::string holder;                                      ///< the worker of a claim
    std::optional<Timestamp> lease_until;                    ///< absent: not claimed yet
};

/// A subscription: the fold of its events, and what the store has for its streams.
class State {
public:
    void apply(const SubscriptionCreated& event);
    void apply(const SubscriptionRestated& event);
    void apply(const StreamsLinked& event);
    void apply(const StreamUnlinked& event);
    void apply(const WakeIssued& event);
    void apply(const WakeClaimed& event);
    void apply(const LeaseExtended& event);
    void apply(const OffsetsAcked& event);
    void apply(const WakeEnded& event);
    void apply(const DeliveryFailed& event);
    void apply(const DeliverySucceeded& event);

    /// The store has this stream, up to this tail. Nothing for a stream that is not linked, or linked as another
    /// incarnation. A tail never goes back.
    void saw(const std::string& stream, Incarnation incarnation, StreamPoint tail);
    /// The store has this stream no more: nothing of it is pending.
    void missed(const std::string& stream);
    /// Drops a link whose stream is gone. Recorded with the next restatement.
    void forget(const std::string& stream);

    /// The clock may have been set since: no lease and no wait lasts longer than it could from now on.
    void limit_times(Timestamp now);

    [[nodiscard]] const SubscriptionCreated& created() const noexcept { return created_; }
    [[nodiscard]] const Configuration& configuration() const noexcept { return created_.configuration; }
    [[nodiscard]] std::chrono::milliseconds lease_ttl() const noexcept {
        return std::chrono::milliseconds(configuration().lease_ttl_ms);
    }
    [[nodiscard]] const std::map<std::string, Link>& links() const noexcept { return links_; }
    [[nodiscard]] const Link* find(const std::string& stream) const;
    /// Streams with more data than acknowledged.
    [[nodiscard]] const std::set<std::string>& pending() const noexcept { return pending_; }
    /// The last stream of the last wake; empty before the first.
    [[nodiscard]] const std::string& last_woken() const noexcept { return last_woken_; }
    [[nodiscard]] std::uint64_t generation() const noexcept { return generation_; }
    [[nodiscard]] const std::optional<Wake>& wake() const noexcept { return wake_; }
    /// Whether the wake's lease has not ended at a moment.
    [[nodiscard]] bool wake_is_live(Timestamp now) const noexcept {
        return wake_ && (!wake_->lease_until || now < *wake_->lease_until);
    }
    [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }
    [[nodiscard]] std::optional<Timestamp> next_attempt_at() const noexcept { return next_attempt_at_; }

private:
    void note_pending(const std::string& stream, const Link& link);

    SubscriptionCreated created_;
    std::map<std::string, Link> links_;
    std::set<std::string> pending_;
    std::string last_woken_;
    std::uint64_t generation_ = 0;
    std::optional<Wake> wake_;
    std::uint64_t failures_ = 0;
    std::optional<Timestamp> next_attempt_at_;
};

/// The events that a state is the fold of, in as few as possible.
[[nodiscard]] std::vector<SubscriptionEvent> restate(const State& state);

/// The recorded form of a link.
[[nodiscard]] StreamLink to_record(const std::string& stream, const Link& link);

}  // namespace foldback::server::subscriptions
