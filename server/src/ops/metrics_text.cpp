#include "ops/metrics_text.hpp"

#include <array>
#include <charconv>

namespace foldback::server {
namespace {

std::string number(double value) {
    std::array<char, 32> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    return {digits.data(), end};
}

void append_escaped(std::string& out, std::string_view value) {
    for (const char letter : value) {
        if (letter == '\\' || letter == '"') out += '\\';
        if (letter == '\n') {
            out += "\\n";
        } else {
            out += letter;
        }
    }
}

}  // namespace

void MetricsText::family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_.append("# HELP ").append(name).append(" ").append(help).append("\n");
    text_.append("# TYPE ").append(name).append(" ").append(type).append("\n");
}

void MetricsText::line(std::string_view suffix, Labels labels, std::string_view more_label, const std::string& value) {
    text_.append(name_).append(suffix);
    if (labels.size() > 0 || !more_label.empty()) {
        char before = '{';
        for (const auto& [name, label] : labels) {
            text_ += before;
            text_.append(name).append("=\"");
            append_escaped(text_, label);
            text_ += '"';
            before = ',';
        }
        if (!more_label.empty()) text_.append(1, before).append(more_label);
        text_ += '}';
    }
    text_.append(" ").append(value).append("\n");
}

void MetricsText::sample(Labels labels, std::uint64_t value) { line("", labels, "", std::to_string(value)); }

void MetricsText::sample(Labels labels, double value) { line("", labels, "", number(value)); }

void MetricsText::samples(Labels labels, const Distribution& distribution, double unit) {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i != Distribution::bucket_count; ++i) {
        count += distribution.counts[i];
        const bool is_last = i + 1 == Distribution::bucket_count;
        const auto bound = is_last ? "+Inf" : number(static_cast<double>(Distribution::bound_of(i)) * unit);
        line("_bucket", labels, "le=\"" + bound + "\"", std::to_string(count));
    }
    line("_sum", labels, "", number(static_cast<double>(distribution.sum) * unit));
    line("_count", labels, "", std::to_string(count));
}

}  // namespace foldback::server
