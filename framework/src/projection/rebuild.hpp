#pragma once

#include <filesystem>

#include "projection/fold_task.hpp"
#include "projection/lane.hpp"

namespace foldback::projection {

/// New tables of a projection, in a file beside the live database. Its own file, so that building them takes no lock
/// from those who write the live one, and so that the same handlers with the same SQL build them.
class Rebuild {
public:
    /// Goes on with what is in the file, or begins anew.
    Rebuild(StreamStore& store, const ProjectionRunnerOptions& options, const ProjectionDefinition& definition,
            const Ledger& live, std::filesystem::path file);

    [[nodiscard]] static std::filesystem::path file_beside(const Database& live, const std::string& projection);
    /// Removes a rebuild's files, if there are any.
    static void remove_files(const std::filesystem::path& file);
    /// What an interrupted rebuild in the file is named; absent when there is none that goes on with this definition.
    [[nodiscard]] static std::optional<std::uint64_t> interrupted(const std::filesystem::path& file,
                                                                  const ProjectionDefinition& definition);

    [[nodiscard]] FoldTask& task() { return *task_; }
    [[nodiscard]] const FoldTask& task() const { return *task_; }
    [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
    /// Without this process's connections, so that another one may write what it likes.
    void close() { task_.reset(); }
    void open();

private:
    StreamStore& store_;
    const ProjectionRunnerOptions& options_;
    const ProjectionDefinition& definition_;
    Ledger fresh_;
    std::filesystem::path file_;
    std::unique_ptr<FoldTask> task_;
};

/// Compares the rows of the two sides.
[[nodiscard]] RebuildDiff diff_tables(Database& live, const Rebuild& rebuild, std::size_t max_rows);

/// Puts the rebuilt tables in the place of the live ones, with their ledger and parked events, in one transaction. The
/// rebuild must be closed.
void swap_tables(Database& live, const std::filesystem::path& rebuilt, const FoldTask& task,
                 const ProjectionDefinition& definition);

/// A file name as an SQL string.
[[nodiscard]] std::string sql_text(const std::string& text);

}  // namespace foldback::projection
