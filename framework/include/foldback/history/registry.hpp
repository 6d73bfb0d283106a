#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/history/aggregate_lens.hpp"
#include "foldback/history/any_timeline.hpp"

namespace foldback {

/// The aggregates of a service by category, so that tools can list them and look at any stream by JSON.
///
///     Registry registry;
///     registry.add<Order>("orders", {.invariants = {{"total-not-negative",
///                                                     [](const OrderState& state) { return state.total >= Cents{}; }}},
///                                    .identity = {{"/lines", "sku"}},
///                                    .redact = {"/customer/email"}});
///     AnyTimeline order = registry.open(store, "orders/42");
///
/// Filled at the start by one thread; then any number may read it.
class Registry {
public:
    /// The streams `<category>/…` hold events of `Aggregate`. Throws std::invalid_argument when the category is taken or is
    /// no path, or when two invariants have the same name.
    template <class Aggregate>
    void add(std::string category, LensOptions<Aggregate> options = {}) {
        auto lens = lens_of<Aggregate>(category, std::move(options));
        add(std::move(category), std::move(lens));
    }
    /// The same for any lens.
    void add(std::string category, Lens lens);

    struct Entry {
        std::string category;
        Lens lens;
    };
    /// In the order of their registration.
    [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

    /// The lens of a stream: that of the longest category that its path begins with; null when there is none.
    [[nodiscard]] const Lens* lens_for(const StreamPath& stream) const;
    /// A lens by name: a registered category or a built-in lens. Throws std::invalid_argument, naming the lenses there are.
    [[nodiscard]] Lens lens_named(std::string_view name) const;

    /// A stream through its category's lens, or raw when it has none. Throws as AnyTimeline does.
    [[nodiscard]] AnyTimeline open(StreamStore& store, const StreamPath& stream, TimelineOptions options = {}) const;
    /// A stream through a lens by name.
    [[nodiscard]] AnyTimeline open(StreamStore& store, const StreamPath& stream, std::string_view lens,
                                   TimelineOptions options = {}) const;

private:
    std::vector<Entry> entries_;
};

}  // namespace foldback
