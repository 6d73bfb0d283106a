#include "debugger/changes.hpp"

#include <map>
#include <utility>

#include "foldback/history/identity.hpp"
#include "foldback/history/json.hpp"

namespace foldback::server::debugger {

namespace {

/// Where a comparison is.
struct Place {
    std::string pointer;
    std::string path;
    std::vector<std::string> segments;

    [[nodiscard]] Place at(const std::string& segment) const { return at(segment, escaped_segment(segment)); }
    [[nodiscard]] Place at(const std::string& segment, const std::string& shown) const {
        Place inner{pointer + "/" + escaped_segment(segment), path + "/" + shown, segments};
        inner.segments.push_back(segment);
        return inner;
    }
};

class Comparing {
public:
    explicit Comparing(const std::vector<IdentityField>& identity) : identities_(identity) {}

    void compare(const Json& before, const Json& after, const Place& place) {
        if (changes_.size() >= max_changes) return;
        if (before.is_object() && after.is_object()) return compare_objects(before, after, place);
        if (before.is_array() && after.is_array()) return compare_arrays(before, after, place);
        if (before != after) add("changed", place, &before, &after);
    }

    Json take() { return std::move(changes_); }

private:
    void add(const char* kind, const Place& place, const Json* before, const Json* after) {
        if (changes_.size() >= max_changes) {
            if (changes_.back()["kind"] != "more")
                changes_.push_back({{"kind", "more"}, {"pointer", ""}, {"path", ""}});
            return;
        }
        Json change{{"kind", kind}, {"pointer", place.pointer}, {"path", place.path}};
        if (before != nullptr) change["before"] = *before;
        if (after != nullptr) change["after"] = *after;
        changes_.push_back(std::move(change));
    }

    void compare_objects(const Json& before, const Json& after, const Place& place) {
        for (const auto& [key, value] : before.items()) {
            const auto now = after.find(key);
            if (now == after.end())
                add("removed", place.at(key), &value, nullptr);
            else
                compare(value, *now, place.at(key));
        }
        for (const auto& [key, value] : after.items()) {
            if (!before.contains(key)) add("added", place.at(key), nullptr, &value);
        }
    }

    void compare_arrays(const Json& before, const Json& after, const Place& place) {
        if (const auto* member = identities_.member_at(place.segments)) {
            const auto old_keys = elements_by_key(before, *member);
            const auto new_keys = elements_by_key(after, *member);
            if (old_keys.size() == before.size() && new_keys.size() == after.size())
                return compare_by_key(before, after, old_keys, new_keys, place);
        }
        // What both have in front and at the end did not change: an element put in or taken out is one change.
        const std::size_t least = std::min(before.size(), after.size());
        std::size_t front = 0;
        while (front < least && before[front] == after[front]) ++front;
        std::size_t back = 0;
        while (back < least - front && before[before.size() - 1 - back] == after[after.size() - 1 - back]) ++back;
        const std::size_t old_end = before.size() - back;
        const std::size_t new_end = after.size() - back;
        for (std::size_t i = front; i < std::max(old_end, new_end); ++i) {
            const auto inner = place.at(std::to_string(i));
            if (i >= old_end)
                add("added", inner, nullptr, &after[i]);
            else if (i >= new_end)
                add("removed", inner, &before[i], nullptr);
            else
                compare(before[i], after[i], inner);
        }
    }

    void compare_by_key(const Json& before, const Json& after, const std::map<std::string, std::size_t>& old_keys,
                        const std::map<std::string, std::size_t>& new_keys, const Place& place) {
        const auto at = [&](const std::string& key, std::size_t index) {
            return place.at(std::to_string(index), key_segment(key));
        };
        for (const auto& [key, index] : old_keys) {
            const auto now = new_keys.find(key);
            if (now == new_keys.end())
                add("removed", at(key, index), &before[index], nullptr);
            else
                compare(before[index], after[now->second], at(key, now->second));
        }
        for (const auto& [key, index] : new_keys) {
            if (!old_keys.contains(key)) add("added", at(key, index), nullptr, &after[index]);
        }
    }

    Identities identities_;
    Json changes_ = Json::array();
};

}  // namespace

Json list_changes(const Json& before, const Json& after, const std::vector<IdentityField>& identity) {
    Comparing comparing(identity);
    comparing.compare(before, after, {});
    return comparing.take();
}

}  // namespace foldback::server::debugger
