#include "s3/failure.hpp"

#include <doctest/doctest.h>

#include <string>

namespace foldback::s3 {
namespace {

Failure failure_with(unsigned status, const std::string& code = {}) {
    return failure_of(
        {.code = client::ErrorCode::unexpected_status,
         .status = status,
         .body = "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>m</Message></Error>"});
}

}  // namespace

TEST_CASE("the code of an error is read, and nothing that is none") {
    CHECK(code_in("<Error><Code>NoSuchKey</Code></Error>") == "NoSuchKey");
    CHECK(code_in("").empty());
    CHECK(code_in("<Code>").empty());
    CHECK(code_in("<Code>NoEnd").empty());
    CHECK(code_in("<Code>two words</Code>").empty());
    CHECK(code_in("<Code>\x1b[31m</Code>").empty());
    CHECK(code_in("<Code>" + std::string(65, 'a') + "</Code>").empty());
}

TEST_CASE("what passes is told from what does not") {
    for (const unsigned status : {408U, 429U, 500U, 502U, 503U, 504U}) CHECK(failure_with(status).passes);
    CHECK(failure_with(400, "RequestTimeout").passes);
    CHECK(failure_with(400, "XAmzContentSHA256Mismatch").passes);
    CHECK(failure_of({.code = client::ErrorCode::network, .message = "cut"}).passes);
    for (const unsigned status : {301U, 400U, 401U, 403U, 405U, 501U}) CHECK_FALSE(failure_with(status).passes);
}

TEST_CASE("a 404 of somebody who is not S3 says nothing of an object") {
    const auto failure = failure_of(
        {.code = client::ErrorCode::unexpected_status, .status = 404, .body = "<html>default backend - 404</html>"});
    CHECK_FALSE(failure.is_absent);
    CHECK(failure.passes);
    CHECK(failure.what == "was answered 404, but not by S3, which says NoSuchKey");
    CHECK(failure_with(404, "NoSuchUpload").passes);
}

TEST_CASE("what is too large is refused for good, and a proxy is named when S3 does not say so") {
    CHECK(failure_with(413).what == "was answered 413, as by a proxy that takes nothing of that size");
    CHECK_FALSE(failure_with(413).passes);
    CHECK(failure_with(413, "EntityTooLarge").what ==
          "was answered 413 EntityTooLarge (the server takes no object of that size)");
}

TEST_CASE("a refusal of the keys is one with any status, and a missing permission is none of them") {
    for (const auto* const code :
         {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed"}) {
        for (const unsigned status : {400U, 403U}) {
            CAPTURE(code);
            CHECK(failure_with(status, code).refuses_keys);
            CHECK(failure_with(status, code).code == std::errc::permission_denied);
        }
    }
    CHECK_FALSE(failure_with(403, "AccessDenied").refuses_keys);
    CHECK_FALSE(failure_with(403).refuses_keys);
}

TEST_CASE("a missing object is told from a missing bucket, and a refusal from both") {
    CHECK(failure_with(404, "NoSuchKey").is_absent);
    CHECK_FALSE(failure_with(404, "NoSuchKey").passes);
    CHECK_FALSE(failure_with(404, "NoSuchBucket").is_absent);
    CHECK_FALSE(failure_with(404, "NoSuchBucket").passes);
    CHECK(failure_with(404, "NoSuchBucket").what == "was answered 404 NoSuchBucket (there is no such bucket)");
    CHECK(failure_with(403, "AccessDenied").code == std::errc::permission_denied);
    CHECK(failure_with(403, "SignatureDoesNotMatch").code == std::errc::permission_denied);
    CHECK(failure_with(403, "SignatureDoesNotMatch").what.find("secret key") != std::string::npos);
}

}  // namespace foldback::s3
