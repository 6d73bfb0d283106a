#include "cli/trace_text.hpp"

#include <fmt/format.h>

#include "cli/table.hpp"
#include "cli/units.hpp"

namespace foldback::cli {
namespace {

using Document = nlohmann::ordered_json;

std::string text_of(const Document& node, const char* key) {
    const auto found = node.find(key);
    return found != node.end() && found->is_string() ? printable(found->get<std::string>()) : std::string();
}

/// "+32 ms", "+1.69 s", "+3 min 04 s".
std::string delay_text(const Document& node) {
    const auto ms = node.at("after_ms").get<std::int64_t>();
    if (ms < 1'000) return fmt::format("{:+} ms", ms);
    if (ms < 10'000) return fmt::format("+{:.2f} s", static_cast<double>(ms) / 1000);
    return "+" + format_duration(std::chrono::milliseconds(ms));
}

/// For each node whether it is the last one below its parent. The nodes stand in the order of the tree.
std::vector<bool> last_ones(const Document& nodes) {
    std::vector<bool> last(nodes.size(), false);
    std::vector<bool> has_last(nodes.size() + 1, false);  // the roots' parent at the end
    for (auto index = nodes.size(); index-- > 0;) {
        const auto& parent = nodes[index].at("parent");
        const auto above = parent.is_null() ? nodes.size() : parent.get<std::size_t>();
        if (above > nodes.size() || has_last[above]) continue;
        has_last[above] = true;
        last[index] = true;
    }
    return last;
}

/// The lines of the tree before a name.
std::string branch(const Document& nodes, const std::vector<bool>& last, std::size_t index) {
    if (nodes[index].at("parent").is_null()) return {};
    std::string text = last[index] ? "└─ " : "├─ ";
    for (auto above = nodes[index]["parent"].get<std::size_t>(); above < index && !nodes[above]["parent"].is_null();
         above = nodes[above]["parent"].get<std::size_t>()) {
        text.insert(0, last[above] ? "   " : "│  ");
    }
    return text;
}

/// A text between quotation marks.
std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') result += '\\';
        result += letter;
    }
    return result + "\"";
}

}  // namespace

std::string trace_text(const Document& answer) {
    const auto& nodes = answer.at("nodes");
    const auto last = last_ones(nodes);
    Table table({Align::right, Align::left, Align::right, Align::left, Align::left});
    for (std::size_t index = 0; index < nodes.size(); ++index) {
        const auto& node = nodes[index];
        const bool is_root = node.at("parent").is_null();
        const auto causation = text_of(node, "causation");
        table.add({is_root ? text_of(node, "timestamp") : delay_text(node),
                   branch(nodes, last, index) + text_of(node, "stream"), fmt::format("{}", node.at("event").dump()),
                   text_of(node, "type"), is_root && !causation.empty() ? "caused by " + causation : ""});
    }
    return table.text() + fmt::format("{} · {} · {}\n", format_counted(nodes.size(), "event"),
                                      format_counted(answer.at("streams").get<std::uint64_t>(), "stream"),
                                      format_duration(std::chrono::milliseconds(answer.at("duration_ms"))));
}

std::string trace_dot(const Document& answer) {
    std::string text = "digraph trace {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n";
    std::size_t index = 0;
    for (const auto& node : answer.at("nodes")) {
        // A line break in a label is the two characters \n.
        const auto stream = quoted(text_of(node, "stream") + " " + node.at("event").dump());
        const auto type = quoted(text_of(node, "type"));
        text += fmt::format("  n{} [label={}\\n{}];\n", index, stream.substr(0, stream.size() - 1), type.substr(1));
        if (!node.at("parent").is_null())
            text += fmt::format("  n{} -> n{} [label={}];\n", node["parent"].dump(), index, quoted(delay_text(node)));
        ++index;
    }
    return text + "}\n";
}

}  // namespace foldback::cli
