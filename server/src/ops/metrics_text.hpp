#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "foldback/store/distribution.hpp"

namespace foldback::server {

/// Writes the text format of Prometheus (0.0.4). A family begins with its name, type and help; its samples follow.
class MetricsText {
public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
    void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
    void histogram(std::string_view name, std::string_view help) { family(name, "histogram", help); }

    /// Of the family begun last.
    void sample(Labels labels, std::uint64_t value);
    void sample(Labels labels, double value);
    /// `unit` is what one of the distribution's numbers is worth: 1e-6 for microseconds told in seconds.
    void samples(Labels labels, const Distribution& distribution, double unit);

    [[nodiscard]] std::string take() && { return std::move(text_); }

private:
    void family(std::string_view name, std::string_view type, std::string_view help);
    void line(std::string_view suffix, Labels labels, std::string_view more_label, const std::string& value);

    std::string text_;
    std::string name_;
};

}  // namespace foldback::server
