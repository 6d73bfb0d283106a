#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "index/catalog.hpp"

namespace foldback::index {

/// A catalog of nothing but creations and deletions.
struct CatalogOfStreams {
    IndexDb index{{}};
    Catalog catalog{index, system_clock()};
    std::uint64_t next = 1;
    log::Place tail{.segment = 1, .byte = log::segment_header_bytes};

    void fold(const log::CommitBuilder& commit) {
        log::CommitView view;
        view.place = tail;
        view.payload = commit.records();
        tail.byte += commit.size();
        const std::unique_lock lock(catalog.mutex());
        catalog.apply(view);
    }
    void create(const std::string& path, log::CommitBuilder& commit) {
        commit.add(log::StreamCreated{.incarnation = {next++}, .path = path, .content_type = "text/plain"});
    }
    void checkpoint() {
        std::unique_lock lock(catalog.mutex());
        const auto checkpoint = catalog.begin_checkpoint();
        lock.unlock();
        index.save(checkpoint, [](std::uint64_t) { return std::uint64_t{0}; });
        lock.lock();
        (void)catalog.end_checkpoint(checkpoint);
    }
    /// Forgets until no more than these are in memory, each stream having had its turn `rounds` times.
    void forget_beyond(std::size_t streams, std::size_t rounds) {
        const std::unique_lock lock(catalog.mutex());
        (void)catalog.evict(streams, rounds * catalog.turns());
    }
};

}  // namespace foldback::index
