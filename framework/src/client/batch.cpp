#include <stdexcept>

#include "codec/json_scanner.hpp"
#include "codec/utf8.hpp"
#include "foldback/client/read_session.hpp"

namespace foldback::client {
namespace {

constexpr std::size_t max_depth = 1024;

}  // namespace

bool Batch::assign(std::string data, bool is_json) {
    data_ = std::move(data);
    is_json_ = is_json;
    is_empty_ = data_.empty();
    if (!is_json) return true;
    constexpr const char* blanks = " \t\r\n";
    const auto begin = data_.find_first_not_of(blanks);
    const auto end = data_.find_last_not_of(blanks);
    if (begin == end || data_[begin] != '[' || data_[end] != ']') return false;
    is_empty_ = data_.find_first_not_of(blanks, begin + 1) == end;
    return true;
}

std::vector<std::string_view> Batch::items() const {
    if (is_empty_) return {};
    if (!is_json_) return {std::string_view(data_)};
    if (!is_utf8(data_)) throw_not_decoded("the answer is not UTF-8");
    std::vector<std::string_view> items;
    JsonScanner scanner(data_, max_depth);
    scanner.skip_blanks();
    bool has_more = scanner.take('[');
    while (has_more) {
        scanner.skip_blanks();
        const auto* const begin = scanner.at();
        if (!scanner.take_value()) throw_not_decoded(scanner.problem().c_str());
        items.emplace_back(begin, scanner.at() - begin);
        scanner.skip_blanks();
        has_more = scanner.take(',');
    }
    scanner.skip_blanks();
    if (!scanner.take(']')) scanner.fail("',' or ']' is expected");
    scanner.skip_blanks();
    if (!scanner.at_end()) scanner.fail("the end is expected");
    if (scanner.what() != nullptr) throw_not_decoded(scanner.problem().c_str());
    return items;
}

void Batch::throw_not_decoded(const char* why) const {
    throw ClientError(
        {.code = ErrorCode::malformed_response,
         .message = "a message before the offset " + offset.text() + " is not what was expected: " + why});
}

}  // namespace foldback::client
