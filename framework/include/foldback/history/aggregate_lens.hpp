#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "foldback/core/fingerprint.hpp"
#include "foldback/history/aggregate_fold.hpp"
#include "foldback/history/lens.hpp"

namespace foldback {

/// A rule that every state should keep, by name.
template <class State>
struct Invariant {
    std::string name;
    std::function<bool(const State&)> holds;
};

/// What tools should know about an aggregate beside its types.
template <class Aggregate>
struct LensOptions {
    std::vector<Invariant<typename Aggregate::StateType>> invariants{};
    std::vector<IdentityField> identity{};  ///< see IdentityField
    std::vector<std::string> redact{};      ///< see Lens::redact
};

namespace detail {

[[nodiscard]] std::string hexadecimal(std::uint64_t number);

template <class... Entries>
[[nodiscard]] std::vector<EventType> event_types(boost::mp11::mp_list<Entries...>) {
    std::vector<EventType> types;
    ((EntryTraits<Entries>::name.empty()
          ? void()
          : types.push_back({std::string(EntryTraits<Entries>::name), EntryTraits<Entries>::version})),
     ...);
    return types;
}

/// The aggregate in a fold that this aggregate's lens made.
template <class Aggregate>
[[nodiscard]] const Aggregate& aggregate_in(const Fold& fold) {
    return static_cast<const AggregateFold<Aggregate>&>(fold).aggregate();
}

}  // namespace detail

/// The lens of an aggregate: its events are upcast, its state is what `apply` makes of them. The build is its fingerprint.
template <class Aggregate>
[[nodiscard]] Lens lens_of(std::string name, LensOptions<Aggregate> options = {}) {
    Lens lens{.name = std::move(name),
              .build = detail::hexadecimal(fingerprint_of<Aggregate>().value),
              .start = [] { return std::make_unique<AggregateFold<Aggregate>>(); },
              .needs_whole_stream = true,
              .identity = std::move(options.identity),
              .redact = std::move(options.redact),
              .events = detail::event_types(typename Aggregate::EventType::EntryList{})};
    for (auto& invariant : options.invariants) {
        lens.invariants.push_back({std::move(invariant.name), [holds = std::move(invariant.holds)](const Fold& fold) {
                                       return holds(detail::aggregate_in<Aggregate>(fold).state());
                                   }});
    }
    return lens;
}

}  // namespace foldback
