#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "foldback/client/error.hpp"
#include "foldback/client/offset.hpp"
#include "foldback/client/options.hpp"
#include "foldback/client/read_session.hpp"
#include "foldback/core/codec.hpp"

namespace foldback::client {

namespace detail {
class Runtime;
class Target;
struct Start;
}  // namespace detail

struct StreamOptions {
    NamedValues headers{};       ///< besides the client's; of equal names, these count
    NamedValues parameters{};    ///< the same
    std::string content_type{};  ///< if known; otherwise the first append asks the server
};

/// PROTOCOL §4.2: the new stream begins with what another one holds.
struct Fork {
    std::string source;              ///< the path of its URL, on the same server
    std::optional<Offset> offset{};  ///< up to here; none: all of it
    std::uint64_t sub_offset = 0;    ///< and so many messages (JSON) or bytes further
};

struct CreateOptions {
    std::string content_type{};  ///< empty: the stream option, or the source's of a fork, or application/octet-stream
    std::optional<std::chrono::seconds> ttl{};
    std::string expires_at{};  ///< RFC 3339
    std::string body{};        ///< the first content, as it is: for JSON one message or an array of messages
    bool closed = false;       ///< this is all there will ever be
    std::optional<Fork> fork{};
    CallOptions call{};
};

struct Created {
    bool is_new = false;  ///< false: it existed with the same configuration
    Offset tail{};
    std::string content_type{};
    bool closed = false;
};

struct Head {
    std::string content_type{};
    Offset tail{};
    bool closed = false;
    std::optional<std::chrono::seconds> ttl{};
    std::string expires_at{};  ///< RFC 3339; empty: never
};

struct AppendOptions {
    /// Append only if the stream ends exactly here. An extension of the protocol: a server without it ignores this.
    std::optional<Offset> if_match{};
    /// Greater, byte by byte, than that of every append before (PROTOCOL §5.2).
    std::optional<std::string> stream_seq{};
    NamedValues headers{};  ///< of this request only
    CallOptions call{};
};

struct Appended {
    Offset tail{};              ///< where the stream ends now
    bool is_duplicate = false;  ///< of a producer: the server had it already
};

/// Fills the span from its front and returns how many bytes it put there; 0: there are no more.
using Source = std::function<std::size_t(std::span<char>)>;

/// What the codec can write as JSON, and is not a text.
template <class T>
concept JsonValue = !std::convertible_to<const T&, std::string_view> && requires(const T& value) {
    to_json(value);
};

namespace detail {

/// Messages on their way into one body.
struct Parts {
    std::string joined{};
    std::vector<std::size_t> commas{};  ///< where in it a message ends and another begins
    std::size_t count = 0;

    void add(std::string_view message);
    [[nodiscard]] std::string body(bool is_json) const;

    template <std::ranges::input_range Messages>
    [[nodiscard]] static Parts of(const Messages& messages) {
        Parts parts;
        for (const auto& message : messages) {
            if constexpr (JsonValue<std::remove_cvref_t<decltype(message)>>) {
                parts.add(to_json(message));
            } else {
                parts.add(message);
            }
        }
        return parts;
    }
    [[nodiscard]] static Parts of_one(std::string_view message) {
        Parts parts;
        parts.add(message);
        return parts;
    }
};

}  // namespace detail

/// A handle of one stream. A copy is a handle of the same stream. All members may be called from any thread at the same
/// time; they block until there is an outcome, and must not be called from a completion function of this library. Forms that do not
/// block are in asio.hpp.
class DurableStream {
public:
    /// Creates the stream, or finds that it exists with this configuration (PROTOCOL §5.1). Errors: `conflict` when it exists
    /// with another one; `not_found`, `bad_request` for a fork's source and offset.
    [[nodiscard]] Result<Created> create(const CreateOptions& options = {}) const;

    /// What the server says of the stream, without its data (PROTOCOL §5.5). Errors: `not_found`, `gone`.
    [[nodiscard]] Result<Head> head(const CallOptions& call = {}) const;

    /// `head`, if the stream is one that this handle can append to: of the content type that the options name, if any. Errors:
    /// `conflict` when it has another.
    [[nodiscard]] Result<Head> connect(const CallOptions& call = {}) const;

    /// Appends one message: for a JSON stream its JSON text (an array is one message), otherwise bytes (PROTOCOL §5.2).
    ///
    /// Errors: `not_found`, `gone`, `closed`, `offset_mismatch`, `stream_seq`, `conflict`, `bad_request`, `too_large`, …, and
    /// `outcome_unknown`: the answer was lost and the message may be there. It is then not sent again; read the stream to
    /// find out, or use an IdempotentProducer.
    [[nodiscard]] Result<Appended> append(std::string_view message, const AppendOptions& options = {}) const;
    [[nodiscard]] Result<Appended> append(std::span<const std::byte> bytes, const AppendOptions& options = {}) const {
        return append(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), options);
    }
    /// Appends a value as JSON. Throws std::invalid_argument for what has no JSON.
    template <JsonValue T>
    [[nodiscard]] Result<Appended> append(const T& value, const AppendOptions& options = {}) const {
        return append(std::string_view(to_json(value)), options);
    }

    /// Appends several messages, all or none, in one request. Errors: as `append`; `invalid_argument` when there are none.
    template <std::ranges::input_range Messages>
    [[nodiscard]] Result<Appended> append_batch(const Messages& messages, const AppendOptions& options = {}) const {
        return append_parts(detail::Parts::of(messages), options);
    }

    /// Appends what the source gives, as one request body sent piece by piece: bytes, or for a JSON stream one JSON text whose
    /// array elements are the messages. The source is called on a thread of the client's. What it throws ends the request
    /// unfinished, appends nothing and is thrown on. Errors: as `append`; it is not sent again once the source was asked.
    [[nodiscard]] Result<Appended> append_from(Source source, const AppendOptions& options = {}) const;
    /// Throws std::filesystem::filesystem_error when the file cannot be read.
    [[nodiscard]] Result<Appended> append_file(const std::filesystem::path& file,
                                               const AppendOptions& options = {}) const;

    /// Closes the stream: nothing can be appended any more (PROTOCOL §5.3). Closing a closed stream succeeds.
    [[nodiscard]] Result<Appended> close(const CallOptions& call = {}) const;
    /// Appends a last message and closes, both or neither. Errors: as `append`.
    [[nodiscard]] Result<Appended> close(std::string_view final_message, const AppendOptions& options = {}) const;
    template <JsonValue T>
    [[nodiscard]] Result<Appended> close(const T& final_value, const AppendOptions& options = {}) const {
        return close(std::string_view(to_json(final_value)), options);
    }

    /// Deletes the stream (PROTOCOL §5.4). Errors: `not_found`; after a lost answer that may be one's own doing.
    [[nodiscard]] Result<void> remove(const CallOptions& call = {}) const;

    /// Begins to read; sends nothing yet. See ReadSession.
    [[nodiscard]] ReadSession read(ReadOptions options = {}) const;

    [[nodiscard]] const std::string& url() const noexcept;

private:
    friend class Client;
    friend class IdempotentProducer;
    friend struct detail::Start;

    explicit DurableStream(std::shared_ptr<detail::Target> target) : target_(std::move(target)) {}
    [[nodiscard]] Result<Appended> append_parts(detail::Parts parts, const AppendOptions& options) const;

    std::shared_ptr<detail::Target> target_;
};

}  // namespace foldback::client
