#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/http.hpp"
#include "client/retry.hpp"
#include "client/runtime.hpp"
#include "client/url.hpp"
#include "log/archive_place.hpp"
#include "s3/failure.hpp"
#include "s3/location.hpp"
#include "s3/signature.hpp"

/// The requests to one bucket.
namespace foldback::s3 {

/// Some of an object's bytes.
struct Piece {
    std::string bytes{};
    std::uint64_t object_bytes = 0;  ///< of all of it
    std::string etag{};              ///< another one, another content
};

/// Sends requests, again while their failure passes, and waits for the answers. Any thread. Throws PlaceUnreachable when a failure did not
/// pass, or when stop was requested; DeviceError when the server refuses.
class Caller {
public:
    /// Throws std::invalid_argument.
    Caller(Location location, S3Options options);

    [[nodiscard]] const Location& location() const noexcept { return location_; }

    /// Bytes of an object from one on, as far as there are any; none when there is no such object.
    [[nodiscard]] std::optional<Piece> get(const std::string& key, std::uint64_t from, std::uint64_t bytes,
                                           const std::stop_token& stop);

    /// Makes the file, which has this SHA-256, the object of that key. Another object of it is gone then.
    void put(const std::string& key, const ReadableFile& file, const std::string& digest, const std::stop_token& stop);

    /// Copies an object of so many bytes.
    void copy(const std::string& from_key, const std::string& to_key, std::uint64_t bytes, const std::stop_token& stop);

    /// As in s3://bucket/key.
    [[nodiscard]] std::string describe(std::string_view key) const;

private:
    struct Call {
        client::detail::Method method = client::detail::Method::get;
        std::string key{};
        Headers headers{};
        const ReadableFile* file = nullptr;
        std::string content_hash{hash_of_nothing};
        std::uint64_t bytes = 0;  ///< that will be on their way
        bool asks_first = false;  ///< whether the file is wanted
        std::shared_ptr<client::detail::Runtime> runtime{};
    };

    /// None when there is no such object. An answer of 416 is one.
    [[nodiscard]] std::optional<client::detail::Response> send(Call call, const std::stop_token& stop);
    [[nodiscard]] client::Result<client::detail::Response> try_once(const Call& call, const std::stop_token& stop);
    [[nodiscard]] Headers signed_headers(const Call& call, const client::detail::Url& url) const;
    [[noreturn]] void fail(const Call& call, const Failure& failure) const;
    /// In the same words for each request that fails for that reason, so that whoever tells it once can.
    [[noreturn]] void fail_for_all(const Failure& failure) const;
    [[noreturn]] static void fail(const std::string& request, const Failure& failure);
    /// Throws while the server is left alone.
    void refuse_at_rest();
    void note_answer();
    void let_rest(const Failure& failure);

    Location location_;
    S3Options options_;
    client::RetryOptions retry_;
    client::detail::Url url_;  ///< of the bucket
    std::shared_ptr<client::detail::Runtime> runtime_;
    std::atomic<bool> may_ask_first_{true};  ///< nobody on the way has refused that yet

    std::mutex mutex_;
    client::detail::TimePoint rest_ends_at_{};
    Failure why_at_rest_{};
};

}  // namespace foldback::s3
