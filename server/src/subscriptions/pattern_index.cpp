#include "subscriptions/pattern_index.hpp"

#include <algorithm>

#include "subscriptions/glob.hpp"

namespace foldback::server::subscriptions {

namespace {

void forget(std::map<std::string, std::size_t>& prefixes, std::string_view prefix) {
    const auto found = prefixes.find(std::string(prefix));
    if (found != prefixes.end() && --found->second == 0) prefixes.erase(found);
}

}  // namespace

void PatternIndex::add_pattern(std::string_view pattern, const std::string& subscription) {
    auto* node = &root_;
    for (auto rest = pattern; !rest.empty();) {
        const auto segment = take_segment(rest);
        auto& next = node->next[std::string(segment)];
        if (!next) next = std::make_unique<Node>(Node{.takes_any = segment == "**"});
        node = next.get();
    }
    if (node->subscriptions.insert(subscription).second) ++prefixes_[std::string(literal_prefix(pattern))];
}

/// Whether something was removed. Nodes that lead nowhere go with it.
bool PatternIndex::remove(Node& node, std::string_view pattern, const std::string& subscription) {
    if (pattern.empty()) return node.subscriptions.erase(subscription) > 0;
    const auto next = node.next.find(take_segment(pattern));
    if (next == node.next.end() || !remove(*next->second, pattern, subscription)) return false;
    if (next->second->next.empty() && next->second->subscriptions.empty()) node.next.erase(next);
    return true;
}

void PatternIndex::remove_pattern(std::string_view pattern, const std::string& subscription) {
    if (remove(root_, pattern, subscription)) forget(prefixes_, literal_prefix(pattern));
}

void PatternIndex::add_stream(const std::string& stream, const std::string& subscription) {
    if (streams_[stream].insert(subscription).second) ++prefixes_[stream];
}

void PatternIndex::remove_stream(const std::string& stream, const std::string& subscription) {
    const auto found = streams_.find(stream);
    if (found == streams_.end() || found->second.erase(subscription) == 0) return;
    if (found->second.empty()) streams_.erase(found);
    forget(prefixes_, stream);
}

/// Adds a node, and where `**` leads when it matches nothing.
void PatternIndex::enter(const Node* node, std::vector<const Node*>& nodes) {
    if (std::find(nodes.begin(), nodes.end(), node) != nodes.end()) return;
    nodes.push_back(node);
    if (const auto any = node->next.find("**"); any != node->next.end()) enter(any->second.get(), nodes);
}

std::vector<std::string> PatternIndex::match(std::string_view stream) const {
    std::vector<const Node*> nodes;
    std::vector<const Node*> after;
    enter(&root_, nodes);
    for (auto rest = stream; !rest.empty();) {
        const auto segment = take_segment(rest);
        after.clear();
        for (const auto* node : nodes) {
            if (node->takes_any) enter(node, after);
            if (const auto one = node->next.find("*"); one != node->next.end()) enter(one->second.get(), after);
            if (const auto same = node->next.find(segment); same != node->next.end()) enter(same->second.get(), after);
        }
        nodes.swap(after);
    }
    std::set<std::string> found;
    for (const auto* node : nodes) found.insert(node->subscriptions.begin(), node->subscriptions.end());
    if (const auto named = streams_.find(std::string(stream)); named != streams_.end()) {
        found.insert(named->second.begin(), named->second.end());
    }
    return {found.begin(), found.end()};
}

std::string PatternIndex::common_prefix() const {
    if (prefixes_.empty()) return {};
    // Sorted: what the first and the last share, all share.
    const auto& first = prefixes_.begin()->first;
    const auto& last = prefixes_.rbegin()->first;
    const auto length = std::min(first.size(), last.size());
    const auto end = first.begin() + static_cast<std::ptrdiff_t>(length);
    return {first.begin(), std::mismatch(first.begin(), end, last.begin()).first};
}

}  // namespace foldback::server::subscriptions
