#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/client/error.hpp"
#include "foldback/client/offset.hpp"
#include "foldback/client/options.hpp"
#include "foldback/core/codec.hpp"

namespace foldback::client {

/// What to do at the end of what there is.
enum class Live : std::uint8_t {
    off,        ///< end
    automatic,  ///< follow: by server-sent events for JSON, which cannot spoil it, by long-poll for anything else
    long_poll,
    sse,  ///< server-sent events; a text loses the difference between LF, CR and CRLF (PROTOCOL §5.8)
};

struct ReadOptions {
    Offset from{};
    Live live = Live::off;
    NamedValues headers{};  ///< of this session's requests only
    CallOptions call{};     ///< of the whole session
};

/// What one answer brought. `offset` is where it ends: a session that begins there brings what comes after it.
class Batch {
public:
    Offset offset{};
    bool up_to_date = false;  ///< there was no more when the server sent this
    bool closed = false;      ///< there will never be more
    std::string cursor{};     ///< the server's, for those who speak to it by other means

    /// The bytes, as they came: text, bytes, or for a JSON stream an array.
    [[nodiscard]] const std::string& data() const noexcept { return data_; }
    [[nodiscard]] bool is_json() const noexcept { return is_json_; }
    /// No message, no byte: it only says `up_to_date` or `closed`.
    [[nodiscard]] bool empty() const noexcept { return is_empty_; }

    /// The JSON texts of a JSON stream's messages, as the server sent them; one item with all bytes of any other stream.
    /// Throws ClientError (`malformed_response`) when the data is no array of JSON values.
    [[nodiscard]] std::vector<std::string_view> items() const;

    /// The messages as values. Throws ClientError (`malformed_response`) when one is not such a value.
    template <class T>
    [[nodiscard]] std::vector<T> values() const {
        std::vector<T> values;
        for_each<T>([&](T& value) { values.push_back(std::move(value)); });
        return values;
    }
    /// The same one by one, without keeping them: `take` is given a T&.
    template <class T, class Take>
    void for_each(Take take) const {
        if (is_empty_) return;
        JsonReader reader(data_);
        bool has_more = true;
        if (is_json_) decode([&] { (void)reader.take('['); });  // assign() has seen it
        while (has_more) {
            T value{};
            decode([&] {
                read_json(reader, value);
                has_more = is_json_ && reader.take(',');
                if (!has_more && is_json_ && !reader.take(']')) reader.fail_expected("a comma or the end of the array");
                if (!has_more) reader.expect_end();
            });
            take(value);
        }
    }

    /// Makes the batch of an answer's body; false when a JSON stream's does not begin and end as an array does. What is
    /// between the brackets is checked by those who read it.
    [[nodiscard]] bool assign(std::string data, bool is_json);

private:
    /// Throws what `read` finds wrong as a ClientError.
    template <class Read>
    void decode(Read read) const {
        try {
            read();
        } catch (const JsonError& error) {
            throw_not_decoded(error.what());
        }
    }
    [[noreturn]] void throw_not_decoded(const char* why) const;

    std::string data_{};
    bool is_json_ = false;
    bool is_empty_ = true;
};

/// Reads a stream from an offset on: first what is there, then, if asked to, what comes.
///
///     for (const auto& batch : stream.read({.from = saved, .live = Live::automatic})) {
///         for (const auto& order : batch.values<Order>()) …
///         save(batch.offset);
///     }
///
/// Every message comes once and in order, whatever happens to connections. A session has one reader: its members are for
/// one thread at a time, and `next` for one call at a time. `cancel` is for any thread.
class ReadSession {
public:
    using Next = Result<std::optional<Batch>>;

    /// The next batch; blocks until there is one. Nothing: the session has come to its end, which is the stream's end when it
    /// was closed, and otherwise, with Live::off, what there was.
    ///
    /// Errors: `not_found`, `gone`, `bad_request`, …; `cancelled`, `timed_out`, `malformed_response`. A session that had an
    /// error may be asked again and goes on behind the last batch it handed out.
    [[nodiscard]] Next next();

    /// The same without blocking: `done` is called once, on the client's thread; it must not block nor throw. See asio.hpp
    /// for an awaitable.
    void next(std::function<void(Next)> done);

    /// Ends a waiting `next` with the error `cancelled`, and every later one.
    void cancel();

    /// Behind the last batch that was handed out.
    [[nodiscard]] Offset offset() const;
    /// Empty before the first answer.
    [[nodiscard]] std::string content_type() const;
    /// Of HTTP, of the last answer that had no error; 0 before the first.
    [[nodiscard]] unsigned status() const;

    class Iterator;
    /// The range of the batches that are left. Incrementing blocks; it throws ClientError, but ends when the session was
    /// cancelled or its stop token says stop.
    [[nodiscard]] Iterator begin();
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return std::default_sentinel; }

    class Impl;
    explicit ReadSession(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
    /// Cancels.
    ~ReadSession();
    ReadSession(ReadSession&&) noexcept = default;
    ReadSession& operator=(ReadSession&& other) noexcept;

private:
    std::shared_ptr<Impl> impl_;
};

class ReadSession::Iterator {
public:
    using difference_type = std::ptrdiff_t;
    using value_type = Batch;

    [[nodiscard]] const Batch& operator*() const { return *batch_; }
    [[nodiscard]] const Batch* operator->() const { return &*batch_; }
    Iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const Iterator& iterator, std::default_sentinel_t) { return !iterator.batch_; }

private:
    friend class ReadSession;
    explicit Iterator(ReadSession& session) : session_(&session) { ++*this; }

    ReadSession* session_;
    std::optional<Batch> batch_{};
};

}  // namespace foldback::client
