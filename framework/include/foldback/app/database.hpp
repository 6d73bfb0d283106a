#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "foldback/app/read_model.hpp"

namespace foldback {

/// Makes SQLite cheaper for a process that writes much: it does not count its memory (under a lock that all connections share, with
/// every piece it takes or gives back), and does not look through its whole page cache at the end of each transaction that split a
/// page. Both are SQLite's settings for the process, and without effect when SQLite was used before. Programs call it at their
/// start, once; the libraries leave such a thing to them.
void tune_sqlite() noexcept;

struct DatabaseOptions {
    /// How long to wait for a lock that another process or connection holds.
    std::chrono::milliseconds busy_timeout{10'000};
    /// True: every commit is on disk when it returns. False: a loss of power may take the last transactions, whole
    /// ones and the newest first; a killed process takes none. What projections keep can be folded again, so false.
    bool durable = false;
    /// Whether SQLite enforces the foreign keys of the tables.
    bool foreign_keys = false;
    /// Pages that each connection keeps in memory.
    std::size_t cache_bytes = 16 << 20;
    /// Connections for reading that are kept open.
    std::size_t max_idle_readers = 4;
};

/// An SQLite file (in WAL mode) that holds read models, snapshots and checkpoints: one connection that writes, shared
/// by all who hold this object, and as many as needed that read.
///
/// All members may be called from any thread. Open a file once per process and share the object: SQLite has one writer
/// at a time, and this object queues those who want to be it. Other connections to the file should only read.
class Database {
public:
    /// Opens the file or creates it, readable by its owner alone. Throws DatabaseError.
    [[nodiscard]] static std::shared_ptr<Database> open(const std::filesystem::path& file,
                                                        DatabaseOptions options = {});

    /// A database that is gone with the object. Its reads and writes wait for one another.
    [[nodiscard]] static std::shared_ptr<Database> in_memory(DatabaseOptions options = {});

    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database();

    /// Runs `work` in a transaction that is committed when it returns; an exception rolls it back and goes on to the
    /// caller. Waits for other writers. Must not be called from within `work`.
    void write(const std::function<void(ReadModel&)>& work);

    /// Runs `work` on one unchanging view of the data; it sees what was committed before. Does not wait for writers
    /// (in memory it does). Statements that would change something are refused.
    void read(const std::function<void(ReadModel&)>& work);

    /// Empty for a database in memory.
    [[nodiscard]] const std::filesystem::path& file() const noexcept;

    struct Impl;
    /// What our own code needs beyond the above; not for users.
    [[nodiscard]] Impl& impl() noexcept { return *impl_; }

private:
    explicit Database(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> impl_;
};

}  // namespace foldback
