#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "nodes/memory_node.hpp"

/// Nodes that share a log and have streams with a time to live.
namespace foldback::nodes {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Two nodes whose clocks go together.
struct Clocked : Pair {
    void advance(milliseconds by) {
        one.clock.advance(by);
        other.clock.advance(by);
    }
    /// The work that nobody waits for, on both.
    void work() const {
        one.store->run_until_idle();
        other.store->run_until_idle();
    }
    [[nodiscard]] std::size_t commits() const { return common->commits.size(); }
};

inline void create_for(Node& node, std::string_view path, seconds ttl) {
    REQUIRE(node.store->create({.stream = path, .config = {.content_type = json_type, .ttl = ttl}}).value().created);
}
inline void create_for_a_minute(Node& node, std::string_view path = "s") { create_for(node, path, seconds{60}); }

inline std::string read(Node& node, std::string_view path = "s") { return answer(node.store->read({.stream = path})); }
inline std::string head(Node& node, std::string_view path = "s") { return answer(node.store->head(path)); }

}  // namespace foldback::nodes
