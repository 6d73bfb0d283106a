#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace foldback::cli {

/// What /metrics said once.
class Scrape {
public:
    /// Lines that are no samples are passed over.
    explicit Scrape(std::string_view text);

    /// The sum of a metric over all its labels, or over those that hold all of `label` (`code="500"`). 0 when absent.
    [[nodiscard]] double sum(std::string_view name, std::string_view label = {}) const;

    /// Where a share of a histogram's values of both scrapes' difference lies: an upper bound. 0 without values.
    [[nodiscard]] double quantile_since(const Scrape& earlier, const std::string& name, double share) const;

private:
    struct Sample {
        std::string labels;
        double value = 0;
    };
    [[nodiscard]] std::map<double, double> buckets(const std::string& name) const;

    std::map<std::string, std::vector<Sample>, std::less<>> samples_;
};

}  // namespace foldback::cli
