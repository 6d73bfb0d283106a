#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

/// What a benchmark reports, and how it measures.
namespace bench {

struct Row {
    std::string name;
    double value = 0;
    std::string unit;
    std::string peer;  ///< what it is compared with, in the same run
    double peer_value = 0;
    double ratio = 0;  ///< median of the rounds' value / peer value (or the value, where the target is absolute)
    double target = 0;
    bool at_most = false;  ///< the ratio must not exceed the target, instead of reaching it

    [[nodiscard]] bool pass() const { return at_most ? ratio <= target : ratio >= target; }
};

[[nodiscard]] inline double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

[[nodiscard]] inline double seconds(const std::function<void()>& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Measures two things in turn, round by round, and makes the row of their medians and of the median ratio.
[[nodiscard]] inline Row compare(Row row, int rounds, const std::function<double()>& measure,
                                 const std::function<double()>& measure_peer) {
    std::vector<double> values;
    std::vector<double> peers;
    std::vector<double> ratios;
    for (int round = 0; round < rounds; ++round) {
        values.push_back(measure());
        peers.push_back(measure_peer());
        ratios.push_back(values.back() / peers.back());
    }
    row.value = median(values);
    row.peer_value = median(peers);
    row.ratio = median(ratios);
    return row;
}

}  // namespace bench
