#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "log/faulty_device.hpp"
#include "log/sparse_bytes.hpp"

/// What a faulty device remembers: of every file and of the directory, what is durable and what was only written.
namespace foldback {

inline constexpr std::uint64_t sector_bytes = 512;
inline constexpr double tear_probability = 0.5;

/// One unsynced change of a file's contents: written data, or a new size.
struct FileChange {
    std::uint64_t offset = 0;
    std::string data;
    std::uint64_t extended_to = 0;

    void apply(log::SparseBytes& contents) const {
        contents.extend(extended_to);
        if (!data.empty()) contents.write(offset, data);
    }
};

struct FaultyInode {
    log::SparseBytes current;
    log::SparseBytes durable;
    std::vector<FileChange> unsynced;
};

using FaultyNames = std::map<std::string, std::shared_ptr<FaultyInode>, std::less<>>;

/// One unsynced change of the directory.
struct NameChange {
    std::string removed;  ///< empty: none
    std::string added;    ///< empty: none
    std::shared_ptr<FaultyInode> inode;

    void apply(FaultyNames& names) const {
        if (!removed.empty()) names.erase(removed);
        if (!added.empty()) names.insert_or_assign(added, inode);
    }
};

[[noreturn]] inline void fail_on_purpose(std::errc error, const std::string& what) {
    throw DeviceError(std::make_error_code(error), what + " (injected)");
}

struct FaultyDevice::State {
    explicit State(std::uint64_t seed) : random(seed) {}

    bool chance(double probability) { return static_cast<double>(random() >> 11) * 0x1p-53 < probability; }
    std::uint64_t below(std::uint64_t bound) { return random() % bound; }

    [[noreturn]] void inject(std::errc error, const std::string& what) {
        ++faults_injected;
        fail_on_purpose(error, what);
    }

    void check_alive(std::uint64_t opened_in, const std::string& what) const {
        if (powerless || opened_in != life) fail_on_purpose(std::errc::io_error, what + " of a dead process");
    }

    /// What the call that is about to change something shall suffer.
    std::optional<std::errc> next_fault() {
        ++changing_calls;
        if (power_left && (*power_left)-- == 0) {
            power_left.reset();
            powerless = true;
            return std::errc::io_error;
        }
        if (calls_before_failure && (*calls_before_failure)-- == 0) {
            calls_before_failure.reset();
            return scheduled_error;
        }
        return {};
    }

    std::uint64_t used_bytes() const {
        std::uint64_t used = 0;
        for (const auto& [name, inode] : names) used += inode->current.size();
        return used;
    }
    bool has_space_for(const FaultyInode& inode, std::uint64_t size) const {
        return size <= inode.current.size() || used_bytes() - inode.current.size() + size <= faults.capacity_bytes;
    }

    static void change(FaultyInode& inode, FileChange change) {
        change.apply(inode.current);
        inode.unsynced.push_back(std::move(change));
    }

    void change_names(NameChange change) {
        change.apply(names);
        unsynced_names.push_back(std::move(change));
    }

    /// The device's part of a change that did not become durable as a whole.
    void keep_some(const FileChange& change, log::SparseBytes& contents) {
        if (chance(0.5)) return;
        if (change.data.empty() || !chance(tear_probability)) return change.apply(contents);
        const bool keep_prefix = chance(0.34);
        const bool keep_suffix = !keep_prefix && chance(0.5);
        const std::uint64_t boundary = below(change.data.size() / sector_bytes + 2);
        const std::uint64_t first_sector = change.offset / sector_bytes;
        for (std::uint64_t at = 0; at < change.data.size();) {
            const std::uint64_t sector = (change.offset + at) / sector_bytes;
            const auto count = std::min(change.data.size() - at, (sector + 1) * sector_bytes - change.offset - at);
            const bool is_before = sector - first_sector < boundary;
            if (keep_prefix ? is_before : keep_suffix ? !is_before : chance(0.5)) {
                contents.write(change.offset + at, std::string_view(change.data).substr(at, count));
            }
            at += count;
        }
    }

    void fail_sync(FaultyInode& inode) {
        for (const auto& change : inode.unsynced) keep_some(change, inode.durable);
        inode.unsynced.clear();
    }

    void crash() {
        std::set<std::shared_ptr<FaultyInode>> inodes;  // each decides once, in an order that is the same in every run
        std::vector<std::shared_ptr<FaultyInode>> in_order;
        const auto collect = [&](const std::shared_ptr<FaultyInode>& inode) {
            if (inode && inodes.insert(inode).second) in_order.push_back(inode);
        };
        for (const auto& [name, inode] : durable_names) collect(inode);
        for (const auto& change : unsynced_names) collect(change.inode);
        for (const auto& inode : in_order) {
            for (const auto& change : inode->unsynced) keep_some(change, inode->durable);
            inode->unsynced.clear();
            inode->current = inode->durable;
        }
        const auto kept = below(unsynced_names.size() + 1);
        for (std::uint64_t i = 0; i < kept; ++i) unsynced_names[i].apply(durable_names);
        unsynced_names.clear();
        names = durable_names;
    }

    void end_life() {
        ++life;
        powerless = false;
        power_left.reset();
        locked = false;
    }

    mutable std::mutex mutex;
    std::mt19937_64 random;
    Faults faults;
    std::uint64_t life = 1;  ///< of the processes that use the device: files belong to one
    bool powerless = false;
    bool locked = false;
    std::optional<std::uint64_t> power_left;
    std::optional<std::uint64_t> calls_before_failure;
    std::errc scheduled_error = std::errc::io_error;

    FaultyNames names;
    FaultyNames durable_names;
    std::vector<NameChange> unsynced_names;

    std::uint64_t faults_injected = 0;
    std::uint64_t changing_calls = 0;
    std::uint64_t syncs = 0;
};

}  // namespace foldback
