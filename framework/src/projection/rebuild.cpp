#include "projection/rebuild.hpp"

#include <atomic>
#include <random>

namespace foldback::projection {
namespace {

std::uint64_t new_name() {
    std::random_device random;
    return (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;  // 0 means "none"
}

/// The ledger in a rebuild's file; absent when it holds none, or nothing that can be read.
std::optional<Ledger> ledger_in(const std::filesystem::path& file, const ProjectionDefinition& definition) {
    if (!std::filesystem::exists(file)) return std::nullopt;
    std::optional<Ledger> ledger;
    try {
        Database::open(file)->write([&](ReadModel& model) {
            Bookkeeping::create_tables(model);
            ledger = Bookkeeping(definition.name).load(model);
        });
    } catch (const DatabaseError&) {
        return std::nullopt;
    }
    return ledger;
}

}  // namespace

std::filesystem::path Rebuild::file_beside(const Database& live, const std::string& projection) {
    if (!live.file().empty()) return live.file().string() + ".rebuild-" + projection;
    return std::filesystem::temp_directory_path() / ("foldback-rebuild-" + std::to_string(new_name()));
}

void Rebuild::remove_files(const std::filesystem::path& file) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        std::filesystem::remove(file.string() + suffix, ignored);
    }
}

std::optional<std::uint64_t> Rebuild::interrupted(const std::filesystem::path& file,
                                                  const ProjectionDefinition& definition) {
    const auto ledger = ledger_in(file, definition);
    if (!ledger || ledger->fingerprint != fingerprint_of(definition)) return std::nullopt;
    return ledger->rebuild;
}

Rebuild::Rebuild(StreamStore& store, const ProjectionRunnerOptions& options, const ProjectionDefinition& definition,
                 const Ledger& live, std::filesystem::path file)
    : store_(store), options_(options), definition_(definition), file_(std::move(file)) {
    fresh_ = {.fingerprint = fingerprint_of(definition),
              .origin = live.origin,
              .checkpoint = live.origin,
              .high_water = live.high_water,
              .rebuild = new_name()};
    if (!interrupted(file_, definition)) remove_files(file_);
    open();
}

void Rebuild::open() {
    task_ = std::make_unique<FoldTask>(store_, options_, definition_, Database::open(file_), Role::rebuild);
    task_->open(fresh_);
}

}  // namespace foldback::projection
