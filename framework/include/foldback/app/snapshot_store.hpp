#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foldback/app/database.hpp"
#include "foldback/store/types.hpp"

namespace foldback {

/// Whose snapshot it is: a stream in one life, folded by one version of the code.
struct SnapshotKey {
    StreamPath stream;
    /// The stream's creation (`StreamInfo::incarnation`). A stream that was deleted and created again has another one,
    /// and so never gets its namesake's snapshot.
    Incarnation incarnation;
    /// Stands for everything that decides what a fold yields: state fields, event names and versions, upcasters, the
    /// user's fold version.
    std::uint64_t fingerprint = 0;
};

/// A cached fold: what the events before `offset` add up to.
struct Snapshot {
    Offset offset;
    Timestamp taken_at;
    std::string state;  ///< bytes that the store of snapshots does not look into
};

/// A snapshot without its state.
struct SnapshotInfo {
    SnapshotKey key;
    Offset offset;
    Timestamp taken_at;
    std::size_t state_bytes = 0;
};

/// What happened since the store of snapshots was made.
struct SnapshotCounters {
    std::uint64_t saved = 0;
    std::uint64_t pruned = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;   ///< loads that found none of their key
    std::uint64_t foreign = 0;  ///< of the misses: there was one, of another incarnation or fingerprint
    std::uint64_t corrupt = 0;  ///< snapshots that were thrown away because their bytes are not those that were saved
};

struct SnapshotOptions {
    /// How many a stream keeps: the last saved ones, whatever their fingerprint. At least 1.
    std::size_t keep_per_stream = 3;
    /// A larger state is refused with std::invalid_argument.
    std::size_t max_state_bytes = 256 << 20;
};

/// The port: cached folds. A cache and nothing more: whatever is missing here is folded again from the stream, so
/// losing all of it loses nothing, and a snapshot that is damaged or of another stream or code is never returned.
///
/// After the event store itself was salvaged or restored from a backup, call `clear`: its streams may then have other
/// histories than the snapshots tell. All members may be called from any thread.
class SnapshotStore {
public:
    virtual ~SnapshotStore() = default;

    /// The snapshot of exactly this key with the greatest offset that is not beyond `at_most`. A damaged one is
    /// removed, counted, and passed over. Pass the stream's tail as `at_most`. Does not throw for damage: then there
    /// is no snapshot.
    [[nodiscard]] virtual std::optional<Snapshot> load(const SnapshotKey& key, Offset at_most = {UINT64_MAX}) = 0;

    /// Keeps a snapshot, replacing one of the same key and offset, and gives up those beyond the limit and those of
    /// earlier incarnations of the stream. Throws std::invalid_argument for a state that is too large, DatabaseError
    /// when the disk fails; then nothing changed.
    virtual void save(const SnapshotKey& key, const Snapshot& snapshot) = 0;

    /// Gives up all of a stream's snapshots; how many there were. Throws DatabaseError.
    virtual std::size_t forget(const StreamPath& stream) = 0;

    /// Gives up everything; how many snapshots there were. Throws DatabaseError.
    virtual std::size_t clear() = 0;

    /// A stream's snapshots, last saved first. Throws DatabaseError.
    [[nodiscard]] virtual std::vector<SnapshotInfo> list(const StreamPath& stream) = 0;

    [[nodiscard]] virtual SnapshotCounters counters() const = 0;
};

/// Snapshots that are gone with the object.
class MemorySnapshots final : public SnapshotStore {
public:
    explicit MemorySnapshots(SnapshotOptions options = {});
    ~MemorySnapshots() override;

    [[nodiscard]] std::optional<Snapshot> load(const SnapshotKey& key, Offset at_most = {UINT64_MAX}) override;
    void save(const SnapshotKey& key, const Snapshot& snapshot) override;
    std::size_t forget(const StreamPath& stream) override;
    std::size_t clear() override;
    [[nodiscard]] std::vector<SnapshotInfo> list(const StreamPath& stream) override;
    [[nodiscard]] SnapshotCounters counters() const override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Snapshots in SQLite, in the table `foldback_snapshots`, each with a checksum over its key and its bytes.
class SqliteSnapshots final : public SnapshotStore {
public:
    /// In a file of their own. A file that is not a sound database is removed and begun anew, and counted as one
    /// corrupt snapshot; so name no file here that holds anything else. Throws DatabaseError when the disk fails.
    explicit SqliteSnapshots(const std::filesystem::path& file, SnapshotOptions options = {});
    /// In a database that holds other things too. Throws DatabaseError.
    explicit SqliteSnapshots(std::shared_ptr<Database> database, SnapshotOptions options = {});
    ~SqliteSnapshots() override;

    [[nodiscard]] std::optional<Snapshot> load(const SnapshotKey& key, Offset at_most = {UINT64_MAX}) override;
    void save(const SnapshotKey& key, const Snapshot& snapshot) override;
    std::size_t forget(const StreamPath& stream) override;
    std::size_t clear() override;
    [[nodiscard]] std::vector<SnapshotInfo> list(const StreamPath& stream) override;
    [[nodiscard]] SnapshotCounters counters() const override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace foldback
