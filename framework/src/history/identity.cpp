#include "foldback/history/identity.hpp"

#include <algorithm>

#include "foldback/history/json.hpp"

namespace foldback {

Identities::Identities(const std::vector<IdentityField>& fields) {
    for (const auto& field : fields) fields_.push_back({pointer_segments(field.array), field.member});
}

const std::string* Identities::member_at(const std::vector<std::string>& segments) const {
    const auto matches = [&](const Field& field) {
        return std::equal(field.array.begin(), field.array.end(), segments.begin(), segments.end(),
                          [](const std::string& one, const std::string& other) { return one == "*" || one == other; });
    };
    const auto found = std::find_if(fields_.begin(), fields_.end(), matches);
    return found == fields_.end() ? nullptr : &found->member;
}

std::string key_segment(std::string_view key) { return "[" + escaped_segment(key) + "]"; }

}  // namespace foldback
