#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foldback/app/repository.hpp"

namespace foldback {

/// A snapshot that is not what the events add up to.
struct SnapshotDifference {
    StreamPath stream;
    Offset offset;
    Timestamp taken_at;
    std::string stored;    ///< the state of the snapshot, as JSON
    std::string refolded;  ///< the state that folding the events gives, as JSON
};

/// What verify_snapshots found.
struct SnapshotVerification {
    std::uint64_t streams = 0;    ///< that have snapshots
    std::uint64_t snapshots = 0;  ///< compared
    std::uint64_t skipped = 0;  ///< of other code or an earlier stream of that path, or the first events are truncated
    std::uint64_t events = 0;   ///< folded
    std::optional<SnapshotDifference> first_difference{};

    [[nodiscard]] bool is_sound() const noexcept { return !first_difference; }
};

namespace detail {

template <class State>
[[nodiscard]] bool is_state(const std::string& stored, const State& state, const std::string& refolded) {
    if (stored == refolded) return true;
    if constexpr (std::equality_comparable<State>) {
        try {
            return from_json<State>(stored) == state;
        } catch (const JsonError&) {
            return false;
        }
    } else {
        return false;
    }
}

/// The offsets of the snapshots that this code may use, ascending.
template <class Aggregate>
[[nodiscard]] std::vector<Offset> snapshots_to_verify(SnapshotStore& snapshots, const SnapshotKey& key,
                                                      SnapshotVerification& report) {
    const auto infos = snapshots.list(key.stream);
    std::vector<Offset> offsets;
    for (const auto& info : infos) {
        if (info.key.incarnation == key.incarnation && info.key.fingerprint == key.fingerprint) {
            offsets.push_back(info.offset);
        }
    }
    std::sort(offsets.begin(), offsets.end());
    report.streams += infos.empty() ? 0 : 1;
    report.skipped += infos.size() - offsets.size();
    return offsets;
}

}  // namespace detail

/// Folds one stream from its start and compares each of its snapshots with what that gives, in `report`. Stops at the first
/// difference. Throws CorruptEvent, StorageError, DatabaseError.
///
/// A state that can be compared by == is compared so, else by its JSON.
template <class Aggregate>
void verify_snapshots_of(const Repository<Aggregate>& repository, const StreamInfo& stream,
                         SnapshotVerification& report) {
    using State = typename Aggregate::StateType;
    auto& snapshots = *repository.options().snapshots;
    const SnapshotKey key{stream.stream, stream.incarnation, fingerprint_of<Aggregate>().value};
    const auto offsets = detail::snapshots_to_verify<Aggregate>(snapshots, key, report);
    if (stream.first != Offset{}) {
        report.skipped += offsets.size();
        return;
    }
    detail::Working<Aggregate> working;
    for (const auto offset : offsets) {
        const auto snapshot = snapshots.load(key, offset);
        if (!snapshot || snapshot->offset != offset) continue;  // damaged, and so removed; or pruned meanwhile
        const auto before = working->aggregate.offset();
        const bool is_there = offset <= stream.tail.offset;
        if (is_there) {
            (void)detail::catch_up({&repository.store(), repository.options().page_bytes}, stream.stream, working,
                                   offset);
        }
        report.events += working->aggregate.offset().value - before.value;
        ++report.snapshots;
        const State& state = working->aggregate.state();
        auto refolded = to_json(state);
        if (is_there && detail::is_state(snapshot->state, state, refolded)) continue;
        report.first_difference = SnapshotDifference{.stream = stream.stream,
                                                     .offset = offset,
                                                     .taken_at = snapshot->taken_at,
                                                     .stored = snapshot->state,
                                                     .refolded = std::move(refolded)};
        return;
    }
}

/// The same for every aggregate of a repository. Precondition: it has a SnapshotStore. A difference means that `apply` or an
/// upcaster changed without `fold_version`, or is not deterministic: raise `fold_version`, and the snapshots are not used any
/// more. `go_on` is asked before each stream; false ends the verification early.
template <class Aggregate>
[[nodiscard]] SnapshotVerification verify_snapshots(
    const Repository<Aggregate>& repository,
    const std::function<bool(const SnapshotVerification&)>& go_on = [](const SnapshotVerification&) { return true; }) {
    FOLDBACK_CHECK(repository.options().snapshots != nullptr, "a repository that has a SnapshotStore");
    SnapshotVerification report;
    ListRequest request{.prefix = repository.options().category + "/"};
    while (true) {
        const auto list = repository.store().list(request);
        for (const auto& stream : list.streams) {
            if (stream.stream.text().find('/', request.prefix.size()) != std::string::npos) continue;
            if (!go_on(report)) return report;
            verify_snapshots_of(repository, stream, report);
            if (!report.is_sound()) return report;
        }
        if (list.complete || list.streams.empty()) return report;
        request.after = list.streams.back().stream.text();
    }
}

}  // namespace foldback
