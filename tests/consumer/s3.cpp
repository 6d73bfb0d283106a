// A program of somebody else with an archive in S3: it names the component `s3`, which brings store and client.

#include <stdexcept>

#include "foldback/s3/s3_bucket.hpp"
#include "foldback/store/archive.hpp"

int main() {
    const foldback::S3Options options{.endpoint = "http://127.0.0.1:1",
                                      .credentials = [] { return foldback::S3Credentials{}; }};
    if (!foldback::S3Bucket("s3://bucket/prefix", options).place({}, ".")) return 1;
    try {
        (void)foldback::S3Bucket("bucket", options);
    } catch (const std::invalid_argument&) {
        return 0;
    }
    return 1;
}
