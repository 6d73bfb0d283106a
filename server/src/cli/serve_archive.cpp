#include "cli/serve_archive.hpp"

#include <initializer_list>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "cli/failure.hpp"
#include "foldback/store/archive.hpp"

#ifdef FOLDBACK_HAS_S3
#include "cli/s3_credentials.hpp"
#include "foldback/s3/s3_bucket.hpp"
#endif

namespace foldback::cli {
namespace {

#ifdef FOLDBACK_HAS_S3

/// The first that is not empty.
std::string first_of(const std::string& setting, const Environment& environment,
                     std::initializer_list<const char*> variables) {
    auto value = setting;
    for (const auto* name : variables) {
        if (value.empty()) value = environment(name).value_or("");
    }
    return value;
}

std::shared_ptr<S3Bucket> bucket_of(const ServeSettings& settings, const Environment& environment) {
    S3Options options;
    options.endpoint = first_of(settings.archive_endpoint, environment, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
    const auto region = first_of(settings.archive_region, environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
    if (!region.empty()) options.region = region;
    options.ca_file = first_of(settings.archive_ca_file, environment, {"AWS_CA_BUNDLE"});
    options.credentials = s3_credentials_of(settings, environment);
    try {
        return std::make_shared<S3Bucket>(settings.archive, std::move(options));
    } catch (const std::invalid_argument& error) {
        throw Failure(ExitCode::usage, error.what(),
                      "Example: --archive s3://BUCKET/PREFIX --archive-endpoint https://s3.example:9000");
    }
}

#else

std::shared_ptr<S3Bucket> bucket_of(const ServeSettings&, const Environment&) {
    throw Failure(ExitCode::usage, "this program was built without the client, and so speaks no S3");
}

#endif

}  // namespace

void require_sound_archive(const ServeSettings& target) {
    const bool is_bucket = target.archive.starts_with("s3://");
    if (!is_bucket && target.archive.find("://") != std::string::npos) {
        throw Failure(ExitCode::usage, fmt::format("\"{}\" is no place for an archive", target.archive),
                      "Name a directory, or a bucket of S3: --archive s3://BUCKET/PREFIX");
    }
    const bool is_about_buckets = !target.archive_endpoint.empty() || !target.archive_region.empty() ||
                                  !target.archive_credentials.empty() || !target.archive_ca_file.empty();
    if (is_about_buckets && !is_bucket) {
        throw Failure(ExitCode::usage, "an endpoint, a region, credentials and authorities are for an archive in S3",
                      "Name it: --archive s3://BUCKET/PREFIX");
    }
}

Archives::Archives(const ServeSettings& settings, const Environment& environment) : archive_(settings.archive) {
    if (archive_.starts_with("s3://")) bucket_ = bucket_of(settings, environment);
}

std::shared_ptr<ArchivePlace> Archives::place(const std::string& partition, const std::filesystem::path& data) const {
#ifdef FOLDBACK_HAS_S3
    if (bucket_) return bucket_->place(partition, data);
#else
    (void)data;
#endif
    return archive_in(partition.empty() ? std::filesystem::path(archive_)
                                        : std::filesystem::path(archive_) / partition);
}

std::string Archives::remedy() const {
    if (!bucket_) return "--archive must be the directory that this log's segments were moved to, or a new one.";
    return "Look at --archive, at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or --archive-credentials), AWS_REGION "
           "and AWS_ENDPOINT_URL_S3. docs/operations.md names the permissions.";
}

}  // namespace foldback::cli
