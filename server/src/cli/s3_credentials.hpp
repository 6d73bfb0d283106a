#pragma once

#include <functional>
#include <string>

#include "cli/serve_settings.hpp"
#include "foldback/s3/s3_bucket.hpp"

/// Who asks S3, as the tools for it are told.
namespace foldback::cli {

/// What a file in the form of ~/.aws/credentials says in the section of that name. Throws std::runtime_error, whose text has nothing of
/// the file's.
[[nodiscard]] S3Credentials read_s3_credentials(const std::string& file, const std::string& profile);

/// The source of credentials that the settings and the environment name, which was asked once. Throws Failure (refused) when there
/// are none.
[[nodiscard]] std::function<S3Credentials()> s3_credentials_of(const ServeSettings& settings,
                                                               const Environment& environment);

}  // namespace foldback::cli
