#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/history/lens.hpp"

namespace foldback {

/// Which arrays of a state have elements that are told apart by a member of theirs, and by which.
class Identities {
public:
    /// Throws std::invalid_argument when the array of a field is no JSON Pointer.
    explicit Identities(const std::vector<IdentityField>& fields);

    [[nodiscard]] bool empty() const noexcept { return fields_.empty(); }
    /// The member that identifies the elements of the array at a place; null: they have only their index.
    [[nodiscard]] const std::string* member_at(const std::vector<std::string>& segments) const;

private:
    struct Field {
        std::vector<std::string> array;
        std::string member;
    };
    std::vector<Field> fields_;
};

/// The elements of an array by what identifies them: key to index. Empty when an element has no such member, or two have
/// the same. `Json` is one of the nlohmann::basic_json.
template <class Json>
[[nodiscard]] std::map<std::string, std::size_t> elements_by_key(const Json& array, const std::string& member) {
    std::map<std::string, std::size_t> keys;
    for (std::size_t index = 0; index < array.size(); ++index) {
        if (!array[index].is_object() || !array[index].contains(member)) return {};
        const auto& key = array[index][member];
        if (!keys.emplace(key.is_string() ? key.template get<std::string>() : key.dump(), index).second) return {};
    }
    return keys;
}

/// How an identified element is written in a path: `[tea]`, with the escapes of a JSON Pointer.
[[nodiscard]] std::string key_segment(std::string_view key);

}  // namespace foldback
