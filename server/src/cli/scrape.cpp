#include "cli/scrape.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace foldback::cli {
namespace {

double number_of(std::string_view text) {
    if (text == "+Inf") return std::numeric_limits<double>::infinity();
    double value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

}  // namespace

Scrape::Scrape(std::string_view text) {
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto space = line.rfind(' ');
        if (line.empty() || line.front() == '#' || space == std::string_view::npos) continue;
        const auto brace = std::min(line.find('{'), space);
        samples_[std::string(line.substr(0, brace))].push_back(
            {std::string(line.substr(brace, space - brace)), number_of(line.substr(space + 1))});
    }
}

double Scrape::sum(std::string_view name, std::string_view label) const {
    double total = 0;
    if (const auto found = samples_.find(name); found != samples_.end()) {
        for (const auto& sample : found->second) {
            if (sample.labels.find(label) != std::string::npos) total += sample.value;
        }
    }
    return total;
}

std::map<double, double> Scrape::buckets(const std::string& name) const {
    std::map<double, double> counts;
    const auto found = samples_.find(name + "_bucket");
    if (found == samples_.end()) return counts;
    constexpr std::string_view key = "le=\"";
    for (const auto& sample : found->second) {
        const auto begin = sample.labels.find(key) + key.size();
        counts[number_of(std::string_view(sample.labels).substr(begin, sample.labels.find('"', begin) - begin))] +=
            sample.value;
    }
    return counts;
}

double Scrape::quantile_since(const Scrape& earlier, const std::string& name, double share) const {
    auto counts = buckets(name);
    for (const auto& [bound, count] : earlier.buckets(name)) counts[bound] -= count;
    if (counts.empty() || counts.rbegin()->second <= 0) return 0;
    const auto wanted = counts.rbegin()->second * share;
    double last = 0;
    for (const auto& [bound, count] : counts) {
        if (count >= wanted) return bound == std::numeric_limits<double>::infinity() ? last : bound;
        last = bound;
    }
    return last;
}

}  // namespace foldback::cli
