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
    items_.clear();
    is_json_ = is_json;
    if (!is_json) {
        if (!data_.empty()) items_.emplace_back(0, data_.size());
        return true;
    }
    if (!is_utf8(data_)) return false;
    JsonScanner scanner(data_, max_depth);
    scanner.skip_blanks();
    if (!scanner.take('[')) return false;
    scanner.skip_blanks();
    bool has_more = !scanner.take(']');
    while (has_more) {
        scanner.skip_blanks();
        const auto* const begin = scanner.at();
        if (!scanner.take_value()) return false;
        items_.emplace_back(begin - data_.data(), scanner.at() - begin);
        scanner.skip_blanks();
        has_more = scanner.take(',');
        if (!has_more && !scanner.take(']')) return false;
    }
    scanner.skip_blanks();
    return scanner.at_end();
}

std::vector<std::string_view> Batch::items() const {
    std::vector<std::string_view> items;
    items.reserve(items_.size());
    for (const auto& [begin, size] : items_) items.push_back(std::string_view(data_).substr(begin, size));
    return items;
}

void Batch::throw_not_decoded(const char* why) const {
    throw ClientError(
        {.code = ErrorCode::malformed_response,
         .message = "a message before the offset " + offset.text() + " is not what was expected: " + why});
}

}  // namespace foldback::client
