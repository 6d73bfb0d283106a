#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "foldback/app/read_model.hpp"
#include "foldback/app/sink.hpp"
#include "foldback/state/state_collection.hpp"
#include "foldback/store/types.hpp"

namespace foldback {

/// Which events a projection gets. Its checkpoint moves past all the others too.
struct EventFilter {
    /// First path segments: "orders" means `orders/…` and not `orders-old/…`; "shop/orders" means `shop/orders/…`.
    std::vector<std::string> categories{};
    /// Beginnings of paths. With `categories`: one of either suffices. Both empty: every stream.
    std::vector<std::string> prefixes{};
    /// Values of the envelope's `type`. Empty: every event, also messages that are not in an envelope.
    std::vector<std::string> types{};
};

/// What becomes of an event that cannot be applied, once its retries are used up. A StorageError (the disk is full, the
/// database is locked, what a sink leads to cannot be reached) is no fault of the event: it is retried for as long as it
/// lasts. So is not a DatabaseError that the statement or its values caused.
enum class OnPoison : std::uint8_t {
    stop,  ///< the projection stops before the event until `resume`
    skip,  ///< the event is left out and counted
    park,  ///< the event is put aside, and with it all later events of its key, until they are retried or dropped
};

/// How often and when an event that failed is tried again, on the runner's clock.
struct RetryPolicy {
    unsigned retries = 3;
    std::chrono::milliseconds first_delay{100};
    double factor = 4.0;
    std::chrono::milliseconds longest_delay{30'000};
};

/// What happens when a projection is added whose version, schema or filter is not that of the data it left behind.
enum class OnChange : std::uint8_t {
    wait,     ///< it stays `outdated` and its tables as they are, until `start_rebuild` or `reset`
    reset,    ///< its tables are thrown away and built anew in place: readers see them grow
    rebuild,  ///< new tables are built beside the old ones, which stay readable, and swapped in when they caught up
};

/// Whether a projection only remembers or also acts.
enum class ProjectionKind : std::uint8_t {
    fold,      ///< gets every event again on a reset or rebuild
    reaction,  ///< has side effects: never gets an event that it has been past, whatever is reset or moved
};

/// Where a projection begins that has no checkpoint yet.
struct FromBeginning {};
struct FromNow {};
using ProjectionStart = std::variant<FromBeginning, FromNow, Position>;

/// A projection without types: what a runner runs. `foldback/app/projection.hpp` makes one from typed handlers.
///
/// Either `apply` is given, and the projection's tables are in the database that it is added with, or `sink` is.
struct ProjectionDefinition {
    /// 1 to 100 of letters, digits, `-`, `_`, `.`. Names its checkpoint: a renamed projection is a new one.
    std::string name{};
    /// Raise it when the handlers compute something else from the same events.
    unsigned version = 1;
    /// SQL that creates the projection's tables, indexes, views and triggers in an empty database. They belong to the
    /// projection: a reset drops them. It may read no other tables, because a rebuild does not see them.
    std::string schema{};
    EventFilter events{};
    ProjectionKind kind = ProjectionKind::fold;
    /// Absent: a fold begins at the beginning, a reaction now.
    std::optional<ProjectionStart> start{};

    /// Applies one event. Many events share one transaction, so an event may be applied again after the transaction was
    /// rolled back: keep state in the read model only. An exception makes it a poison event.
    std::function<void(ReadModel&, const Delivery&)> apply{};
    std::shared_ptr<Sink> sink{};
    /// Where to publish the rows that the handlers put into a StateCollection of this stream. It must not be among the
    /// streams that the projection gets events of, and belongs to one projection. Each change is published once, after the
    /// transaction that made it; changes of one key since the last publication as one. Killed at any instant, the
    /// projection goes on where the stream ends: nothing is lost and nothing comes twice. After a rebuild or a reset, once it
    /// has caught up, `resync` says how the stream comes to say what the new rows say. While the stream cannot be
    /// written, the projection is `retrying`.
    std::optional<StateStream> state_stream{};

    /// Decodes or computes what `apply` needs, ahead of the transaction: a pure function of the message, called on up
    /// to `parallelism` threads at once. SQLite has one writer, so this is what a read model can do in parallel.
    std::function<std::shared_ptr<const void>(const FeedMessage&)> prepare{};
    /// What must stay in order with one another: events of one key. Absent: the stream's path. When it throws, the key is `stream
    /// <path>`, and as long as such an event is parked, so is that of all later events of the stream.
    std::function<std::string(const FeedMessage&)> key{};
    /// Threads that `prepare`, or a sink's `apply`, may use at once. Order is kept per key.
    unsigned parallelism = 1;

    OnPoison on_poison = OnPoison::stop;
    RetryPolicy retry{};
    OnChange on_change = OnChange::wait;
    /// Events and bytes of one transaction at most.
    std::size_t batch_events = 2'000;
    std::size_t batch_bytes = 2 << 20;
    /// Parked events beyond which `park` means `stop`.
    std::size_t max_parked = 10'000;
};

}  // namespace foldback
