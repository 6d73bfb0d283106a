#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.hpp"
#include "log/shared_log.hpp"

namespace foldback::postgres {

class Connection;
class Row;

/// Of a commit, that are one row, which lies in a page of its own when it has so many.
inline constexpr std::size_t row_bytes = 8000;
/// Of a segment's header; the rest are zeros.
inline constexpr std::size_t stored_header_bytes = 64;

/// What every session that appends needs: commits are durable when they are acknowledged, which is read back. Throws StorageError when
/// they would not be.
void prepare_session(Connection& session);

/// Makes the tables when they are missing, for a log that begins with a segment of this size, and says which log they hold. Throws StorageError when it is of another format.
[[nodiscard]] log::SharedOrigin open_schema(Connection& session, std::uint64_t segment_bytes);

/// Makes a schema for the log of each partition, where they are missing, and says their names. Throws StorageError when the database
/// holds one log, or another number of partitions.
[[nodiscard]] std::vector<std::string> open_partitions(Connection& session, std::size_t count);

/// Throws StorageError when it is not valid.
[[nodiscard]] log::SegmentHeader segment_in(std::string_view header, std::uint64_t number);

/// Puts commits together from their rows, which come in order.
class CommitRows {
public:
    explicit CommitRows(std::function<void(const log::SharedCommit&)> on_commit) : on_commit_(std::move(on_commit)) {}

    /// The columns are segment, byte, crc, header and data. Hands over the commit of the rows before, if this row begins another one.
    /// Rows of a commit whose first one is missing are passed over: what follows is not in the place where it should be. Throws StorageError.
    void add(const Row& row);
    /// Hands over the last one.
    void finish();

private:
    const std::function<void(const log::SharedCommit&)> on_commit_;
    std::optional<log::SharedCommit> commit_;
    std::string bytes_;  ///< of `commit_`, so far
};

[[nodiscard]] constexpr std::int64_t in_row(std::uint64_t number) { return static_cast<std::int64_t>(number); }

}  // namespace foldback::postgres
