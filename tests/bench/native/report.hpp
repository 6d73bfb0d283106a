#pragma once

#include <cstdio>

#include <nlohmann/json.hpp>

#include "rows.hpp"

/// How the rows of a benchmark are shown.
namespace bench {

inline void print(const Row& row) {
    std::printf("%-42s %14.6g %-10s %-42s %14.6g  ratio %8.5f  target %s %g  %s\n", row.name.c_str(), row.value,
                row.unit.c_str(), row.peer.c_str(), row.peer_value, row.ratio, row.at_most ? "<=" : ">=", row.target,
                row.pass() ? "pass" : "MISSED");
    std::fflush(stdout);
}

[[nodiscard]] inline nlohmann::json json_of(const Row& row) {
    return {{"name", row.name},     {"value", row.value},           {"unit", row.unit},
            {"peer", row.peer},     {"peer_value", row.peer_value}, {"ratio", row.ratio},
            {"target", row.target}, {"at_most", row.at_most},       {"pass", row.pass()}};
}

}  // namespace bench
