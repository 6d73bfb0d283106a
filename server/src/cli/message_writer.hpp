#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.hpp"

namespace foldback::cli {

/// The messages of a JSON array, each as its exact text. Throws Failure (unreachable) when it is none.
[[nodiscard]] std::vector<std::string> split_json(std::string_view array);

/// Prints the data of a stream: of a JSON stream one message per line, of another its bytes as they are. With
/// `--json` each piece becomes a document `{"type":"message","data":…}` (JSON), `"text"` (text/…) or `"base64"`.
class MessageWriter {
public:
    /// `limit`: messages of a JSON stream, else bytes.
    MessageWriter(Output& output, const std::string& content_type, std::optional<std::uint64_t> limit);

    [[nodiscard]] bool is_json() const noexcept { return is_json_; }
    /// Nothing more will be printed.
    [[nodiscard]] bool is_full() const noexcept { return left_ && *left_ == 0; }
    [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

    /// The body of a response: a JSON array, or bytes. False when the limit cut some of it off.
    bool write_body(std::string_view body);
    void write_message(std::string_view message);

private:
    bool write_bytes(std::string_view bytes);

    Output& output_;
    bool is_json_;
    bool is_text_;
    std::optional<std::uint64_t> left_;
    std::uint64_t written_ = 0;
};

}  // namespace foldback::cli
