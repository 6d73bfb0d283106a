#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include <doctest/doctest.h>

#include "foldback/store/backup.hpp"

namespace foldback::test {

namespace fs = std::filesystem;

constexpr const char* json_type = "application/json";

/// A store on disk with small segments, a repository beside it, and room for what is restored.
class Backed {
public:
    explicit Backed(bool by_hand = true)
        : root(fs::temp_directory_path() / ("foldback-backup-" + std::to_string(std::random_device{}()))) {
        options.segment_bytes = 128 << 10;
        options.checkpoint_bytes = 16 << 10;
        options.background_threads = !by_hand;
        options.clock = &clock;
        store = LogStore::open(root / "data", options);
    }
    ~Backed() {
        store.reset();
        fs::remove_all(root);
    }
    Backed(const Backed&) = delete;
    Backed& operator=(const Backed&) = delete;

    void append(const std::string& path, const std::string& value, std::size_t bytes = 0) {
        const auto message = "\"" + value + std::string(bytes, '.') + "\"";
        REQUIRE(store
                    ->append({.stream = path,
                              .messages = Messages::json(message).value(),
                              .create_with = StreamConfig{.content_type = json_type}})
                    .has_value());
    }

    BackupReport backup() {
        clock.advance(std::chrono::milliseconds(1000));
        return backup_store(root / "data", root / "repository", {}, clock);
    }

    /// Restores, and reads all of it.
    std::map<std::string, std::string> restored(RestoreRequest request = {}) {
        const auto target = root / "restored";
        fs::remove_all(target);
        request.repository = root / "repository";
        request.directory = target;
        report = restore_store(request);
        CHECK(verify_store(target).sound());
        const auto copy = LogStore::open(target, options);
        return contents(*copy);
    }

    static std::map<std::string, std::string> contents(LogStore& store) {
        std::map<std::string, std::string> all;
        for (const auto& info : store.list({.limit = 10'000}).streams) {
            auto& text = all[info.stream.text()];
            Offset from = info.first;
            for (bool more = true; more;) {
                const auto page = store.read({.stream = info.stream, .from = from}).value();
                for (const auto& message : page) text.append(message.data).append(",");
                more = !page.up_to_date;
                from = page.next.offset;
            }
        }
        return all;
    }

    ManualClock clock;
    fs::path root;
    LogStoreOptions options;
    std::unique_ptr<LogStore> store;
    RestoreReport report;
};

inline std::string problem(const std::function<void()>& work) {
    try {
        work();
    } catch (const StorageError& error) {
        return error.what();
    }
    return {};
}

inline void flip_byte(const fs::path& file, std::streamoff at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const char byte = static_cast<char>(stream.get() ^ 1);
    stream.seekp(at);
    stream.put(byte);
}

}  // namespace foldback::test
