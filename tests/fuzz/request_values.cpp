// What clients write in targets and headers: paths, queries, tokens, numbers, times. Read back, each is what was written.
#include <string>

#include "foldback/store/types.hpp"
#include "fuzz/fuzz.hpp"
#include "protocol/cursor.hpp"
#include "protocol/entity_tag.hpp"
#include "protocol/header_values.hpp"
#include "protocol/offset_token.hpp"
#include "protocol/target.hpp"
#include "protocol/timestamp.hpp"

namespace {

using namespace foldback;
using namespace foldback::server::protocol;
using foldback::fuzz::require;

void check_target(std::string_view text) {
    const auto target = parse_target(text);
    if (!target) return;
    for (const char byte : target->path) {
        require(static_cast<unsigned char>(byte) >= 0x20 && byte != 0x7F, "a path holds a control byte");
    }
    const auto again = percent_decode(percent_encode_path(target->path));
    require(again && *again == target->path, "a path that is encoded is decoded as another one");
    for (const char* name : {"offset", "live", "cursor", "limit"}) static_cast<void>(target->query.value(name));
}

void check_tokens(std::string_view text) {
    if (const auto point = parse_offset_token(text)) {
        require(offset_token(*point) == text, "an offset has two tokens");
    }
    if (const auto position = parse_position_token(text)) {
        require(position_token(*position) == text, "a position has two tokens");
    }
    if (const auto number = parse_number(text)) {
        require(std::to_string(*number) == text && *number <= max_safe_integer, "a number is read as another one");
    }
    if (const auto cursor = parse_cursor(text)) require(*cursor <= max_safe_integer, "a cursor is out of range");
    static_cast<void>(names_tag(text, "\"1\""));
    static_cast<void>(is_content_type(text));
}

void check_timestamp(std::string_view text) {
    const auto time = parse_timestamp(text);
    if (!time) return;
    const auto again = parse_timestamp(format_timestamp(*time));
    require(again && *again == *time, "a time is written as another one");
}

void check_path(std::string_view text) {
    if (StreamPath::problem_with(text).empty()) {
        require(StreamPath(text).text() == text, "a path is changed");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = foldback::fuzz::text_of(data, size);
    check_target(text);
    check_tokens(text);
    check_timestamp(text);
    check_path(text);
    return 0;
}
