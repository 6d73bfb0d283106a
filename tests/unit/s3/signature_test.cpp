#include "s3/signature.hpp"

#include <doctest/doctest.h>

#include <string>

/// The examples of "Authenticating Requests: Using the Authorization Header" in Amazon's reference of S3, and of the
/// derivation of a signing key in its general reference.
namespace foldback::s3 {
namespace {

const S3Credentials example{.access_key = "AKIAIOSFODNN7EXAMPLE",
                            .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
constexpr const char* host = "examplebucket.s3.amazonaws.com";
/// 2013-05-24, midnight.
const TimeOfDay that_day{std::chrono::seconds(1'369'353'600)};

std::string value_of(const Headers& headers, const std::string& name) {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

std::string authorization(const Unsigned& request, const S3Credentials& who = example) {
    return value_of(sign(request, who, "us-east-1", that_day), "authorization");
}

std::string authorization_with(const std::string& names, const std::string& signature) {
    return "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=" +
           names + ",Signature=" + signature;
}

}  // namespace

TEST_CASE("the key that signs is derived as the published example says") {
    CHECK(hex(signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")) ==
          "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d");
}

TEST_CASE("the hash of nothing is what hashing nothing gives, and pieces hash as the whole does") {
    CHECK(hex(Sha256().digest()) == hash_of_nothing);
    Sha256 hash;
    hash.add("a");
    hash.add("bc");
    CHECK(hex(hash.digest()) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("the published example of reading a range is signed as published") {
    const Unsigned request{.method = "GET", .path = "/test.txt", .headers = {{"host", host}, {"range", "bytes=0-9"}}};

    CHECK(authorization(request) ==
          authorization_with("host;range;x-amz-content-sha256;x-amz-date",
                             "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
}

TEST_CASE("the published example of putting an object is signed as published") {
    const Unsigned request{.method = "PUT",
                           .path = "/test%24file.text",
                           .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                       {"host", host},
                                       {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                           .content_hash = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"};

    CHECK(authorization(request) ==
          authorization_with("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                             "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST_CASE("the published examples with queries are signed as published") {
    const auto names = "host;x-amz-content-sha256;x-amz-date";
    const Unsigned lifecycle{.method = "GET", .path = "/", .query = "lifecycle=", .headers = {{"host", host}}};
    const Unsigned list{.method = "GET", .path = "/", .query = "max-keys=2&prefix=J", .headers = {{"host", host}}};

    CHECK(authorization(lifecycle) ==
          authorization_with(names, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
    CHECK(authorization(list) ==
          authorization_with(names, "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST_CASE("temporary credentials send their token, and sign it") {
    auto who = example;
    who.session_token = "token";
    const auto headers = sign({.method = "GET", .path = "/a", .headers = {{"host", host}}}, who, "eu-west-1", that_day);

    CHECK(value_of(headers, "x-amz-security-token") == "token");
    CHECK(value_of(headers, "x-amz-date") == "20130524T000000Z");
    CHECK(value_of(headers, "authorization").find("/eu-west-1/s3/") != std::string::npos);
    CHECK(value_of(headers, "authorization").find(";x-amz-security-token,") != std::string::npos);
}

}  // namespace foldback::s3
