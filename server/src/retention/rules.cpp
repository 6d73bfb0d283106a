#include "retention/rules.hpp"

#include <algorithm>

namespace foldback::server {

bool RetentionRules::is_held(std::string_view path) const {
    return std::any_of(holds.begin(), holds.end(), [path](const PathGlob& hold) { return hold.matches(path); });
}

const RetentionRule* RetentionRules::rule_for(std::string_view path) const {
    if (is_held(path)) return nullptr;
    const auto found =
        std::find_if(rules.begin(), rules.end(), [path](const auto& rule) { return rule.streams.matches(path); });
    return found == rules.end() ? nullptr : &*found;
}

}  // namespace foldback::server
