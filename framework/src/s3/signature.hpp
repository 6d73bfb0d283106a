#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "foldback/s3/s3_bucket.hpp"

/// Signature Version 4 of requests to S3, and the hashes in it.
namespace foldback::s3 {

/// SHA-256 of what is added.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(std::string_view bytes);
    /// Once, at the end: 32 bytes.
    [[nodiscard]] std::string digest();

private:
    struct State;
    std::unique_ptr<State> state_;
};

inline constexpr std::string_view hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

using Headers = std::vector<std::pair<std::string, std::string>>;
using TimeOfDay = std::chrono::system_clock::time_point;

/// A request that is not signed yet.
struct Unsigned {
    std::string method{};
    std::string path{};   ///< as it is sent: percent-encoded, all but letters, digits and -._~/
    std::string query{};  ///< the same, its parameters in order
    Headers headers{};    ///< names in lower case; with the host
    std::string content_hash{hash_of_nothing};
};

/// All headers to be sent: those of the request, and those that say who sends it when.
[[nodiscard]] Headers sign(const Unsigned& request, const S3Credentials& who, const std::string& region,
                           TimeOfDay when);

/// The key that signs what is sent that day ("20130524"), as bytes.
[[nodiscard]] std::string signing_key(const std::string& secret_key, std::string_view day, std::string_view region,
                                      std::string_view service);

/// Lower-case digits of bytes.
[[nodiscard]] std::string hex(std::string_view bytes);

}  // namespace foldback::s3
