#include "protocol/entity_tag.hpp"

#include "protocol/offset_token.hpp"

namespace foldback::server::protocol {

std::string read_tag(const ReadPage& page, Direction direction) {
    std::string tag;
    tag.reserve(48);
    tag.push_back('"');
    tag.append(std::to_string(page.incarnation.value)).push_back(':');
    tag.append(std::to_string(page.start.offset.value)).push_back(':');
    tag.append(std::to_string(page.next.offset.value));
    if (direction == Direction::backward) {
        tag.append(":b");
    } else if (page.closed && page.up_to_date) {
        tag.append(":c");
    }
    tag.push_back('"');
    return tag;
}

std::string tail_tag(StreamPoint tail) {
    std::string tag;
    tag.reserve(36);
    tag.append(1, '"').append(offset_token(tail)).push_back('"');
    return tag;
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
    constexpr std::string_view between = " \t,";
    auto begin = if_none_match.find_first_not_of(between);
    while (begin != std::string_view::npos) {
        if (if_none_match[begin] == '*') return true;
        if (if_none_match.substr(begin).starts_with("W/")) begin += 2;
        if (begin == if_none_match.size() || if_none_match[begin] != '"') return false;
        const auto end = if_none_match.find('"', begin + 1);
        if (end == std::string_view::npos) return false;
        if (if_none_match.substr(begin, end + 1 - begin) == tag) return true;
        begin = if_none_match.find_first_not_of(between, end + 1);
    }
    return false;
}

}  // namespace foldback::server::protocol
