#pragma once

#include <string>
#include <string_view>

#include "client/url.hpp"
#include "foldback/s3/s3_bucket.hpp"

/// Where objects are.
namespace foldback::s3 {

struct Location {
    std::string bucket;
    std::string prefix;  ///< of all names; ends with a slash, or is empty
};

/// `s3://BUCKET` or `s3://BUCKET/PREFIX`. Throws std::invalid_argument.
[[nodiscard]] Location parse_location(std::string_view url);

/// Where a bucket is asked for its objects, whose names follow the path. Throws std::invalid_argument.
[[nodiscard]] client::detail::Url url_of_bucket(const std::string& bucket, const S3Options& options);

}  // namespace foldback::s3
