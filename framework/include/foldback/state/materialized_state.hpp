#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "foldback/core/codec.hpp"
#include "foldback/core/compile_error.hpp"
#include "foldback/core/corrupt_event.hpp"
#include "foldback/state/state_message.hpp"
#include "foldback/store/stream_store.hpp"

namespace foldback {

/// An entity type of a Durable State stream, and what its values are: `StateEntity<"order", OrderSummary>`.
template <Text type, class Value>
struct StateEntity {};

/// A MaterializedState would hold more rows than it may.
class StateTooLarge : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

namespace detail {

template <class Entity>
struct StateRows;

template <Text type, class Value>
struct StateRows<StateEntity<type, Value>> {
    static constexpr std::string_view name = type.view();
    std::map<std::string, Value, std::less<>> rows;

    /// The value is decoded before anything changes.
    void apply(const StateChange& change) {
        if (change.operation == StateOperation::remove) {
            rows.erase(change.key);
        } else {
            rows.insert_or_assign(change.key, from_json<Value>(change.value));
        }
    }
};

/// Reads a stream from `next` (absent: its beginning) to its tail, message by message, and moves `next` along. What
/// `apply` throws as a JsonError becomes a CorruptEvent.
[[nodiscard]] Result<StreamPoint> read_state_stream(StreamStore& store, const StreamPath& stream,
                                                    std::optional<StreamPoint>& next,
                                                    const std::function<void(std::string_view message)>& apply);

}  // namespace detail

/// The values that a Durable State stream says there are (STATE-PROTOCOL §6): a map by key for each entity type.
///
///     MaterializedState<StateEntity<"order", OrderSummary>, StateEntity<"customer", Customer>> shop;
///     shop.catch_up(store, "views/shop").value();
///     for (const auto& [id, order] : shop.of<"order">()) …
///
/// Values are read by the codec that events are read by. Types that are not listed are passed over. Of control messages
/// `reset` empties all maps, and snapshot boundaries are told by `in_snapshot`. One thread at a time uses an object.
template <class... Entities>
class MaterializedState {
public:
    /// `max_rows` bounds all maps together.
    explicit MaterializedState(std::size_t max_rows = 1'000'000) : max_rows_(max_rows) {}

    /// Applies the stream's next message. Throws JsonError, which says what is wrong and where, for one that is not of the
    /// State protocol or whose value is not what its type's values are; StateTooLarge. Nothing has changed then.
    void apply(std::string_view message) {
        const auto read = read_state_message(message);
        if (const auto* control = std::get_if<StateControl>(&read)) return obey(*control);
        const auto& change = std::get<StateChange>(read);
        (void)(apply_to<Entities>(change) || ...);
    }

    /// Applies what has come since the last call, up to the stream's tail: where it stands now. Refusals: not_found, gone,
    /// bad_offset and truncated (the stream is not the one that was read so far: `clear`, and read it anew). Throws
    /// CorruptEvent for what `apply` refuses, StateTooLarge, StorageError; what came before that message is applied.
    Result<StreamPoint> catch_up(StreamStore& store, const StreamPath& stream) {
        return detail::read_state_stream(store, stream, next_, [this](std::string_view message) { apply(message); });
    }

    /// As new: `catch_up` begins at the beginning.
    void clear() {
        empty();
        next_.reset();
        in_snapshot_ = false;
    }

    /// The values of a type by key.
    template <Text type>
    [[nodiscard]] const auto& of() const {
        return rows_of<type, Entities...>();
    }

    [[nodiscard]] std::size_t size() const noexcept { return (std::size_t{0} + ... + rows<Entities>().size()); }
    /// Between the two boundaries of a snapshot: some rows may be of before it.
    [[nodiscard]] bool in_snapshot() const noexcept { return in_snapshot_; }

private:
    template <class Entity>
    [[nodiscard]] auto& rows() noexcept {
        return std::get<detail::StateRows<Entity>>(entities_).rows;
    }
    template <class Entity>
    [[nodiscard]] const auto& rows() const noexcept {
        return std::get<detail::StateRows<Entity>>(entities_).rows;
    }

    template <Text type, class First, class... Rest>
    [[nodiscard]] const auto& rows_of() const {
        if constexpr (detail::StateRows<First>::name == type.view()) {
            return rows<First>();
        } else {
            static_assert(sizeof...(Rest) > 0, "no StateEntity of this MaterializedState has that type");
            return rows_of<type, Rest...>();
        }
    }

    template <class Entity>
    [[nodiscard]] bool apply_to(const StateChange& change) {
        auto& entity = std::get<detail::StateRows<Entity>>(entities_);
        if (change.type != entity.name) return false;
        const bool grows = change.operation != StateOperation::remove && !entity.rows.contains(change.key);
        if (grows && size() >= max_rows_)
            throw StateTooLarge("the state has more than " + std::to_string(max_rows_) + " rows");
        entity.apply(change);
        return true;
    }

    void obey(StateControl control) {
        switch (control) {
            case StateControl::reset: empty(); return;
            case StateControl::snapshot_start: in_snapshot_ = true; return;
            case StateControl::snapshot_end: in_snapshot_ = false; return;
        }
    }

    void empty() { (rows<Entities>().clear(), ...); }

    std::size_t max_rows_;
    std::tuple<detail::StateRows<Entities>...> entities_;
    std::optional<StreamPoint> next_;
    bool in_snapshot_ = false;
};

}  // namespace foldback
