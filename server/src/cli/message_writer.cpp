#include "cli/message_writer.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/sse_reader.hpp"
#include "foldback/store/messages.hpp"

namespace foldback::cli {
namespace {

/// What one server sends may have been written under other limits than ours.
constexpr JsonLimits reading_limits{.max_depth = 1 << 20, .max_messages = std::numeric_limits<std::size_t>::max()};

std::optional<std::string> utf8_json_string(std::string_view text) {
    try {
        return nlohmann::json(text).dump();
    } catch (const nlohmann::json::type_error&) {
        return std::nullopt;
    }
}

}  // namespace

std::vector<std::string> split_json(std::string_view array) {
    const auto messages = Messages::json(array, reading_limits);
    if (!messages) {
        throw Failure(ExitCode::unreachable,
                      "the server's answer is not the JSON array it should be: " + messages.error().problem);
    }
    std::vector<std::string> result;
    auto rest = messages->joined();
    for (const auto size : messages->sizes()) {
        result.emplace_back(rest.substr(0, size));
        rest.remove_prefix(std::min<std::size_t>(rest.size(), size + 1));  // the comma
    }
    return result;
}

MessageWriter::MessageWriter(Output& output, const std::string& content_type, std::optional<std::uint64_t> limit)
    : output_(output),
      is_json_(framing_of(content_type) == Framing::json),
      is_text_(media_type_of(content_type).starts_with("text/")),
      left_(limit) {}

bool MessageWriter::write_body(std::string_view body) {
    if (!is_json_) return write_bytes(body);
    if (body.empty()) return true;
    for (const auto& message : split_json(body)) {
        if (is_full()) return false;
        write_message(message);
    }
    return true;
}

void MessageWriter::write_message(std::string_view message) {
    // Line breaks between the tokens of a message would end the line; inside strings JSON has none.
    std::string line(message);
    std::replace_if(
        line.begin(), line.end(), [](char letter) { return letter == '\n' || letter == '\r'; }, ' ');
    output_.line(output_.json() ? fmt::format(R"({{"type":"message","data":{}}})", line) : line);
    ++written_;
    if (left_) --*left_;
}

bool MessageWriter::write_bytes(std::string_view body) {
    const auto bytes = left_ ? body.substr(0, *left_) : body;
    if (bytes.empty()) return body.empty();
    written_ += bytes.size();
    if (left_) *left_ -= bytes.size();
    const auto text = output_.json() && is_text_ ? utf8_json_string(bytes) : std::nullopt;
    if (!output_.json()) {
        output_.data(bytes);
    } else if (text) {
        output_.line(fmt::format(R"({{"type":"message","text":{}}})", *text));
    } else {
        output_.line(fmt::format(R"({{"type":"message","base64":"{}"}})", encode_base64(bytes)));
    }
    return bytes.size() == body.size();
}

}  // namespace foldback::cli
