#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

/// A bucket of S3, or of what speaks as S3 does, as a place for an archive.
namespace foldback {

class ArchivePlace;
namespace s3 {
class Caller;
}

struct S3Credentials {
    std::string access_key{};
    std::string secret_key{};
    std::string session_token{};  ///< of temporary ones; empty: none
};

struct S3Options {
    /// `http://` or `https://`, host and port, without a path: buckets are paths there. Empty: Amazon's of the region, where they are hosts.
    std::string endpoint{};
    std::string region = "us-east-1";
    /// Asked before every request, on a thread of the caller's, so that what is renewed meanwhile counts. What it throws is told as
    /// the reason why the request was not sent.
    std::function<S3Credentials()> credentials{};
    std::string ca_file{};  ///< PEM: whom to trust over TLS; empty: the system's roots
    std::chrono::milliseconds connect_timeout{3'000};
    std::chrono::milliseconds answer_timeout{30'000};  ///< without a byte from the server
    /// How often a request is sent that is not answered, or with an error that passes (5xx, 429, a 404 that is not S3's): after random
    /// times of up to `delay`, twice as much each time.
    int tries = 5;
    std::chrono::milliseconds delay{400};
    /// After a request failed that often, or the keys were refused, all requests fail at once for so long.
    std::chrono::milliseconds rest{5'000};
};

/// A bucket, or what begins with a prefix in it, and the connections to it. The places in it share these. Any thread.
///
/// Objects are put there whole, with their SHA-256 and signed (Signature Version 4), and read in pieces; nothing is listed or
/// deleted. What needs the bucket throws PlaceUnreachable when no request came through, and other DeviceErrors when the server
/// refuses: an unknown key, a missing bucket or permission. Credentials are in no message.
class S3Bucket {
public:
    /// `s3://BUCKET` or `s3://BUCKET/PREFIX`. Sends nothing. Throws std::invalid_argument when the URL or an option makes no sense.
    S3Bucket(std::string_view url, S3Options options);

    /// The objects below a name, or all; for `with_archive` and `Archiver`, each of which needs one of its own. What is read and written
    /// goes through files without a name in `scratch`, which is made when it is missing: one segment at a time for each.
    [[nodiscard]] std::shared_ptr<ArchivePlace> place(std::string_view below,
                                                      const std::filesystem::path& scratch) const;

private:
    std::shared_ptr<s3::Caller> caller_;
};

}  // namespace foldback
