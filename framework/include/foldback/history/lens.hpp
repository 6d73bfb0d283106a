#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "foldback/history/fold.hpp"

namespace foldback {

/// A rule that every state should keep, by name.
struct LensInvariant {
    std::string name;
    FoldPredicate holds;
};

/// The elements of the array at `array` (a JSON Pointer; `*` stands for any key or index) are told apart by their member
/// `member`, so that a diff can speak of "line 7 changed" and not of every element that moved.
struct IdentityField {
    std::string array;
    std::string member;
};

/// A stored event name and its version of today.
struct EventType {
    std::string name;
    unsigned version = 0;  ///< 0: it is read but not written any more
};

/// How a stream is looked at: what folds it, and what a tool should know about the state. A value; copies share nothing
/// that changes.
struct Lens {
    std::string name{};
    /// Of the code that folds: states of different builds may differ. Hexadecimal; empty for built-in lenses.
    std::string build{};
    std::function<std::unique_ptr<Fold>()> start{};
    /// The state means nothing when the first messages are missing: a truncated stream is refused.
    bool needs_whole_stream = false;
    std::vector<LensInvariant> invariants{};
    std::vector<IdentityField> identity{};
    /// JSON Pointers of what must not be shown, in states and in events' data; `*` stands for any key or index.
    std::vector<std::string> redact{};
    std::vector<EventType> events{};
};

/// No code of anybody: the state is `null`, the messages are what there is to see.
[[nodiscard]] Lens raw_lens();
/// The state is the last message.
[[nodiscard]] Lens last_lens();
/// The state is {"type": how many}, by the messages' member `type`; "" counts those without one.
[[nodiscard]] Lens count_by_type_lens();
/// Each message is a JSON Merge Patch (RFC 7396) of the state. Of a message in our envelope it is the `data`.
[[nodiscard]] Lens merge_lens();
/// Each message is a JSON Patch (RFC 6902) of the state, or one operation of one. Of a message in our envelope it is the
/// `data`. The state before the first is `null`.
[[nodiscard]] Lens json_patch_lens();
/// The Durable Streams State protocol: each message inserts, updates, upserts or deletes the value of a type and key, or is
/// a control message, of which `reset` empties the state. The state is {type: {key: value}}.
[[nodiscard]] Lens state_protocol_lens();

/// The built-in lenses: raw, last, count-by-type, merge, json-patch, state.
[[nodiscard]] std::vector<Lens> builtin_lenses();

}  // namespace foldback
