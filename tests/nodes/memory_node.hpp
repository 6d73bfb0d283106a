#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "foldback/store/log_store.hpp"
#include "log/device.hpp"
#include "support/memory_shared_log.hpp"

/// Nodes that share a log in memory, driven by hand.
namespace foldback::nodes {

using test::MemorySharedLog;
using Fault = MemorySharedLog::Fault;

inline constexpr std::uint64_t segment_bytes = 16 * 1024;

/// One node; its copy outlives it.
struct Node {
    /// On a machine that starts at that time.
    explicit Node(std::shared_ptr<test::SharedCommits> common_log, Timestamp start = ManualClock().now())
        : common(std::move(common_log)), device(make_memory_device()), clock(start) {
        open();
    }
    void open() {
        store.reset();
        shared = std::make_shared<MemorySharedLog>(common);
        report = {};
        store = LogStore::over_shared(shared, device, options(), index_file, &report);
    }
    [[nodiscard]] LogStoreOptions options() const {
        LogStoreOptions these;
        these.segment_bytes = segment_bytes;
        these.clock = &clock;
        these.background_threads = false;
        return these;
    }

    std::shared_ptr<test::SharedCommits> common;
    std::shared_ptr<LogDevice> device;
    std::filesystem::path index_file;  ///< from the next opening on; empty: in memory
    ManualClock clock;
    std::shared_ptr<MemorySharedLog> shared;
    std::unique_ptr<LogStore> store;
    OpenReport report;
};

struct Pair {
    std::shared_ptr<test::SharedCommits> common = std::make_shared<test::SharedCommits>(segment_bytes);
    Node one{common};
    Node other{common};
};

inline constexpr const char* json_type = "application/json";

inline void create(Node& node, std::string_view path) {
    REQUIRE(node.store->create({.stream = path, .config = {.content_type = json_type}}).value().created);
}
inline AppendRequest of(std::string_view path, std::string_view body) {
    return {.stream = path, .messages = Messages::json(body).value()};
}
inline std::string messages_of(Node& node, std::string_view path) {
    std::string all;
    const auto page = node.store->read({.stream = path});
    if (!page) return name_of(page.error().reason);
    for (const auto& message : *page) all += (all.empty() ? "" : ",") + std::string(message.data);
    return all;
}
inline void append(Node& node, std::string_view path, std::string_view body) {
    REQUIRE(node.store->append(of(path, body)).has_value());
}
template <class Value>
std::string answer(const Result<Value>& result) {
    return result ? "accepted" : name_of(result.error().reason);
}

}  // namespace foldback::nodes
