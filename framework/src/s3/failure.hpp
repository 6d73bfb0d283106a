#pragma once

#include <string>
#include <string_view>
#include <system_error>

#include "foldback/client/error.hpp"

/// What it means when S3 does not do what it is asked for.
namespace foldback::s3 {

struct Failure {
    std::errc code{};
    std::string what{};         ///< ends a sentence that begins with the request
    bool passes = false;        ///< the same request may succeed soon
    bool refuses_keys = false;  ///< no request will succeed that is signed with them
    bool is_absent = false;     ///< there is no such object, though there is the bucket

    /// Whether other requests would fail as this one did.
    [[nodiscard]] bool concerns_all() const noexcept { return passes || refuses_keys; }
};

[[nodiscard]] Failure failure_of(const client::Error& error);

/// The code in the document that an error is answered with, such as NoSuchBucket; empty when there is none.
[[nodiscard]] std::string code_in(std::string_view document);

}  // namespace foldback::s3
