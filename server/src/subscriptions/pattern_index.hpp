#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace foldback::server::subscriptions {

/// Which subscriptions a stream concerns. The cost of asking grows with the segments of the path, not with the number of
/// subscriptions.
class PatternIndex {
public:
    void add_pattern(std::string_view pattern, const std::string& subscription);
    void remove_pattern(std::string_view pattern, const std::string& subscription);
    void add_stream(const std::string& stream, const std::string& subscription);
    void remove_stream(const std::string& stream, const std::string& subscription);

    /// The subscriptions with a pattern that matches, or with this stream: each once, in order.
    [[nodiscard]] std::vector<std::string> match(std::string_view stream) const;

    /// What every stream that could concern anybody begins with.
    [[nodiscard]] std::string common_prefix() const;

private:
    /// A place in the patterns: what has matched so far, and what may come.
    struct Node {
        bool takes_any = false;  ///< the place after `**`: every segment leads back to it
        std::map<std::string, std::unique_ptr<Node>, std::less<>> next;  ///< by segment
        std::set<std::string> subscriptions;                             ///< whose pattern ends here
    };

    static bool remove(Node& node, std::string_view pattern, const std::string& subscription);
    static void enter(const Node* node, std::vector<const Node*>& nodes);

    Node root_;
    std::unordered_map<std::string, std::set<std::string>> streams_;
    std::map<std::string, std::size_t> prefixes_;  ///< literal prefixes of all patterns and streams, and how many
};

}  // namespace foldback::server::subscriptions
