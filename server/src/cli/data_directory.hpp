#pragma once

#include <filesystem>
#include <memory>

#include "cli/failure.hpp"
#include "foldback/store/errors.hpp"
#include "foldback/store/log_store.hpp"

/// Data directories, for those who look into one without a server.
namespace foldback::cli {

/// Throws Failure (not_found) when there is no store in the directory. Opening one that is missing would create it.
void require_store(const std::filesystem::path& directory);

/// The store of a directory that nobody else owns. Throws Failure (not_found, locked, refused).
[[nodiscard]] std::unique_ptr<LogStore> open_store(const std::filesystem::path& directory,
                                                   LogStoreOptions options = {});

/// What errors of a store mean to whoever runs a command. `DamagedLog` and `StoreLocked` are told apart.
[[nodiscard]] Failure failure_of(const StorageError& error, const std::filesystem::path& directory);

}  // namespace foldback::cli
