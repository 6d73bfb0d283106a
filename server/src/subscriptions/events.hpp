#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include "foldback/core/events.hpp"
#include "foldback/core/timestamp.hpp"
#include "subscriptions/configuration.hpp"

/// What happens to a subscription: the messages of its own stream. Offsets are wire tokens, so that they read as they do in
/// the protocol.
namespace foldback::server::subscriptions {

struct SubscriptionCreated {
    Configuration configuration;
    std::string configuration_hash;
    std::string base_url;  ///< where its creator reached the server: what callbacks begin with
    Timestamp created_at{};
};
BOOST_DESCRIBE_STRUCT(SubscriptionCreated, (), (configuration, configuration_hash, base_url, created_at))

/// The whole state up to links, which follow, and a wake: what lies before is not needed any more.
struct SubscriptionRestated {
    SubscriptionCreated created;
    std::uint64_t generation = 0;
    std::uint64_t failures = 0;
    std::optional<Timestamp> next_attempt_at;
};
BOOST_DESCRIBE_STRUCT(SubscriptionRestated, (), (created, generation, failures, next_attempt_at))

struct StreamLink {
    std::string stream;
    std::uint64_t incarnation = 0;  ///< 0: there is no such stream yet
    std::string acked;
    bool by_name = false;
    bool by_pattern = false;
};
BOOST_DESCRIBE_STRUCT(StreamLink, (), (stream, incarnation, acked, by_name, by_pattern))

/// Streams were added. A link that is there keeps its offset, unless the stream is another one of the same name.
struct StreamsLinked {
    std::vector<StreamLink> links;
};
BOOST_DESCRIBE_STRUCT(StreamsLinked, (), (links))

/// A stream is not linked by its name any more. It stays when the pattern matches it.
struct StreamUnlinked {
    std::string stream;
};
BOOST_DESCRIBE_STRUCT(StreamUnlinked, (), (stream))

struct StreamOffset {
    std::string stream;
    std::string offset;
};
BOOST_DESCRIBE_STRUCT(StreamOffset, (), (stream, offset))

/// A new generation began, with what was pending: what `done` acknowledges.
struct WakeIssued {
    std::string wake_id;
    std::uint64_t generation = 0;
    std::vector<StreamOffset> tails;
    std::optional<Timestamp> lease_until;  ///< of a webhook
};
BOOST_DESCRIBE_STRUCT(WakeIssued, (), (wake_id, generation, tails, lease_until))

struct WakeClaimed {
    std::string worker;
    Timestamp lease_until{};
};
BOOST_DESCRIBE_STRUCT(WakeClaimed, (), (worker, lease_until))

struct LeaseExtended {
    Timestamp lease_until{};
};
BOOST_DESCRIBE_STRUCT(LeaseExtended, (), (lease_until))

struct OffsetsAcked {
    std::vector<StreamOffset> offsets;
};
BOOST_DESCRIBE_STRUCT(OffsetsAcked, (), (offsets))

enum class WakeEnd : std::uint8_t { done, released, expired };
BOOST_DESCRIBE_ENUM(WakeEnd, done, released, expired)

struct WakeEnded {
    WakeEnd why = WakeEnd::done;
};
BOOST_DESCRIBE_STRUCT(WakeEnded, (), (why))

/// A webhook was not accepted, or a wake stream took no event. Nothing is tried again before the next attempt is due.
struct DeliveryFailed {
    std::uint64_t failures = 0;  ///< in a row
    Timestamp next_attempt_at{};
    std::string reason;
};
BOOST_DESCRIBE_STRUCT(DeliveryFailed, (), (failures, next_attempt_at, reason))

struct DeliverySucceeded {};
BOOST_DESCRIBE_STRUCT(DeliverySucceeded, (), ())

using SubscriptionEvent =
    Events<Named<"SubscriptionCreated", 1, SubscriptionCreated>, Named<"SubscriptionRestated", 1, SubscriptionRestated>,
           Named<"StreamsLinked", 1, StreamsLinked>, Named<"StreamUnlinked", 1, StreamUnlinked>,
           Named<"WakeIssued", 1, WakeIssued>, Named<"WakeClaimed", 1, WakeClaimed>,
           Named<"LeaseExtended", 1, LeaseExtended>, Named<"OffsetsAcked", 1, OffsetsAcked>,
           Named<"WakeEnded", 1, WakeEnded>, Named<"DeliveryFailed", 1, DeliveryFailed>,
           Named<"DeliverySucceeded", 1, DeliverySucceeded>>;

}  // namespace foldback::server::subscriptions
