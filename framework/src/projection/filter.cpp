#include "projection/filter.hpp"

#include <algorithm>

#include "projection/event_type.hpp"

namespace foldback::projection {
namespace {

std::string common_beginning(const std::vector<std::string>& texts) {
    if (texts.empty()) return {};
    auto common = texts.front();
    for (const auto& text : texts) {
        const auto [in_common, in_text] = std::mismatch(common.begin(), common.end(), text.begin(), text.end());
        common.erase(in_common, common.end());
    }
    return common;
}

}  // namespace

Filter::Filter(const EventFilter& filter)
    : prefixes_(filter.prefixes), types_(filter.types.begin(), filter.types.end()) {
    for (const auto& category : filter.categories) prefixes_.push_back(category + "/");
    common_prefix_ = common_beginning(prefixes_);
}

bool Filter::includes(std::string_view stream) const {
    const auto begins = [&](const std::string& prefix) { return stream.starts_with(prefix); };
    return prefixes_.empty() || std::any_of(prefixes_.begin(), prefixes_.end(), begins);
}

bool Filter::matches(const FeedMessage& message) const {
    // A single prefix is the common one, which the store has looked at.
    if (prefixes_.size() > 1 && !includes(message.stream)) return false;
    if (types_.empty()) return true;
    if (message.framing != Framing::json) return false;
    std::string scratch;
    return types_.contains(event_type(message.data, scratch));
}

}  // namespace foldback::projection
