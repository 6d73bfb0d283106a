#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

namespace foldback {

/// How a stream's data is divided into messages; decided by its content type.
enum class Framing : std::uint8_t {
    json,   ///< one JSON value is one message; offsets count messages
    bytes,  ///< offsets count bytes; a message is whatever was stored together
};

/// `json` exactly when the media type (without parameters, any case) is application/json.
[[nodiscard]] Framing framing_of(std::string_view content_type) noexcept;

/// The media type in lower case without parameters and surrounding blanks: two content types are the same stream type
/// when these are equal.
[[nodiscard]] std::string media_type_of(std::string_view content_type);

/// Limits on a JSON body.
struct JsonLimits {
    std::size_t max_depth = 128;
    std::size_t max_messages = 100'000;
};

/// Why a JSON body is not accepted.
struct InvalidJson {
    enum class Kind : std::uint8_t {
        malformed,          ///< not JSON, or nested too deeply
        too_many_messages,  ///< more than `JsonLimits::max_messages`; the text may be malformed further on
    };
    std::string problem;  ///< a sentence with the byte where it goes wrong
    Kind kind = Kind::malformed;
};
/// Throws std::invalid_argument with the problem: what `value()` of a result that holds one does.
[[noreturn]] void throw_exception_from_error(const InvalidJson& invalid, const boost::source_location& where);

/// The data of one append: messages in order, in one buffer that never changes. Copies share the buffer.
class Messages {
public:
    /// No data.
    Messages() = default;

    /// Bytes for a stream that is not JSON.
    [[nodiscard]] static Messages bytes(std::string data);

    /// A JSON body as PROTOCOL §9.1 reads it: an array is flattened one level, anything else is one message. Each
    /// message is kept as the exact input slice. The input must be one complete JSON value in
    /// valid UTF-8. An empty array yields no messages.
    [[nodiscard]] static boost::system::result<Messages, InvalidJson> json(std::string_view body,
                                                                           JsonLimits limits = {});

    /// One JSON value per element, each already valid JSON text: trusted, not checked.
    [[nodiscard]] static Messages trusted_json(std::span<const std::string_view> values);
    [[nodiscard]] static Messages trusted_json(std::span<const std::string> values);
    /// The same for one value, which is not copied.
    [[nodiscard]] static Messages one_trusted_json(std::string value);

    [[nodiscard]] bool empty() const noexcept { return sizes().empty(); }
    /// Number of messages; bytes count as one.
    [[nodiscard]] std::size_t count() const noexcept { return sizes().size(); }
    [[nodiscard]] Framing framing() const noexcept { return framing_; }

    /// JSON: the messages joined by commas. Bytes: the bytes.
    [[nodiscard]] std::string_view joined() const noexcept {
        return buffer_ ? std::string_view(buffer_->joined) : std::string_view();
    }
    /// The size in bytes of each message.
    [[nodiscard]] std::span<const std::uint32_t> sizes() const noexcept {
        return buffer_ ? std::span<const std::uint32_t>(buffer_->sizes) : std::span<const std::uint32_t>();
    }

    /// How far an append of this moves the tail: messages (JSON) or bytes.
    [[nodiscard]] std::uint64_t extent() const noexcept {
        return framing_ == Framing::json ? count() : joined().size();
    }

private:
    struct Buffer {
        std::string joined;
        std::vector<std::uint32_t> sizes;
    };

    Messages(Framing framing, Buffer buffer);

    Framing framing_ = Framing::bytes;
    std::shared_ptr<const Buffer> buffer_;
};

}  // namespace foldback
