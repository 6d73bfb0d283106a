#include "foldback/s3/s3_bucket.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "client/base64.hpp"
#include "foldback/store/errors.hpp"
#include "log/archive_place.hpp"
#include "s3/signature.hpp"
#include "unit/s3/bucket_fixture.hpp"

namespace foldback::s3 {
namespace {

using namespace std::chrono_literals;

std::string numbers_up_to(int end) {
    std::string text;
    for (int i = 0; i < end; ++i) text += std::to_string(i) + ' ';
    return text;
}

}  // namespace

TEST_CASE("what is put is one object with its hash, and is read back under its name before it counts") {
    Bucket bucket;
    const auto place = bucket.place(bucket.server.options(), "part");
    const auto bytes = numbers_up_to(10'000);
    int checks = 0;

    place->put(
        "name",
        [&](const auto& append) {
            append(std::string_view(bytes).substr(0, 5));
            append(std::string_view(bytes).substr(5));
        },
        [&](const ReadableFile& file) {
            ++checks;
            CHECK(read(file, 0, 1 << 20) == bytes);
        });

    CHECK(checks == 2);
    CHECK(bucket.server.objects() == std::map<std::string, std::string>{{"/bucket/some/part/name", bytes}});
    Sha256 hash;
    hash.add(bytes);
    const auto digest = hash.digest();
    for (const auto& request : bucket.server.requests()) {
        CHECK(request.header("authorization").starts_with("AWS4-HMAC-SHA256 Credential=user/"));
        if (request.method != "PUT") continue;
        CHECK(request.header("x-amz-content-sha256") == hex(digest));
        CHECK(request.header("x-amz-checksum-sha256") == client::detail::encode_base64(digest));
        CHECK(request.header("authorization").find(";x-amz-checksum-sha256;") != std::string::npos);
    }
    CHECK(std::filesystem::is_empty(bucket.scratch.path()));
}

TEST_CASE("what is not as it should be is not sent, and what was kept otherwise than it was sent is noticed") {
    Bucket bucket;
    const auto place = bucket.place();
    const auto put_checked = [&](const std::string& bytes) {
        place->put(
            "name", [&](const auto& append) { append(bytes); },
            [](const ReadableFile& file) {
                if (read(file, 0, 100) != "right") throw StorageError("it is wrong");
            });
    };

    CHECK_THROWS_AS(put_checked("wrong"), StorageError);
    CHECK(bucket.server.requests().empty());

    bucket.server.set_script([&](const S3Request& request) -> std::optional<std::string> {
        if (request.method != "PUT" || !request.header("x-amz-copy-source").empty()) return {};
        return server::reply("200 OK", "");
    });
    CHECK_THROWS_WITH_AS(put_checked("right"), doctest::Contains("is gone"), DeviceError);
    bucket.server.set("/bucket/some/name", "other");
    CHECK_THROWS_AS(put_checked("right"), StorageError);
}

TEST_CASE("an object that has the name already is copied aside, not overwritten") {
    Bucket bucket;
    bucket.server.set("/bucket/some/name", "foreign");

    put(*bucket.place(), "name", "ours");

    const auto objects = bucket.server.objects();
    REQUIRE(objects.size() == 2);
    CHECK(objects.at("/bucket/some/name") == "ours");
    CHECK(objects.rbegin()->first.ends_with(".aside"));
    CHECK(objects.rbegin()->second == "foreign");
}

TEST_CASE("a server may say nothing for longer while it copies an object aside") {
    Bucket bucket;
    bucket.server.set("/bucket/some/name", "foreign");
    auto options = bucket.server.options();
    options.answer_timeout = 300ms;
    options.tries = 1;
    bucket.server.set_script([](const S3Request& request) -> std::optional<std::string> {
        if (!request.header("x-amz-copy-source").empty()) std::this_thread::sleep_for(600ms);
        return {};
    });

    CHECK_NOTHROW(put(*bucket.place(options), "name", "ours"));
    CHECK(bucket.server.objects().size() == 2);
}

TEST_CASE("a copy whose answer is an error in the end keeps the object from being overwritten") {
    Bucket bucket;
    bucket.server.set("/bucket/some/name", "foreign");
    bucket.server.set_script([](const S3Request& request) -> std::optional<std::string> {
        if (request.header("x-amz-copy-source").empty()) return {};
        return server::reply("200 OK", "<Error><Code>InternalError</Code></Error>");
    });

    CHECK_THROWS_WITH_AS(put(*bucket.place(), "name", "ours"), doctest::Contains("did not copy"), DeviceError);

    CHECK(bucket.server.objects().at("/bucket/some/name") == "foreign");
}

TEST_CASE("an object is read by ranges, from its beginning a window at a time and each byte once") {
    Bucket bucket;
    const auto bytes = numbers_up_to(2'500'000);
    REQUIRE(bytes.size() > 2 * (8 << 20));
    bucket.server.set("/bucket/some/name", bytes);
    const auto file = bucket.place()->open("name");

    REQUIRE(file);
    CHECK(file->size() == bytes.size());
    CHECK(read(*file, bytes.size() - 10, 100) == bytes.substr(bytes.size() - 10));
    CHECK(bucket.server.requests().size() == 2);
    for (int round = 0; round < 2; ++round) {
        for (std::size_t at = 0; at < bytes.size(); at += 100'000) {
            REQUIRE(read(*file, at, 100'000) == bytes.substr(at, 100'000));
        }
    }
    CHECK(bucket.server.requests().size() == 2 + (bytes.size() - 4096 + (8 << 20) - 1) / (8 << 20));
    CHECK(read(*file, bytes.size(), 1).empty());
}

TEST_CASE("an absent object is none, and an empty one is empty") {
    Bucket bucket;
    const auto place = bucket.place();
    CHECK(place->open("name") == nullptr);

    bucket.server.set_script(first(1, ScriptedS3::error(416, "InvalidRange")));

    const auto file = place->open("name");
    REQUIRE(file);
    CHECK(file->size() == 0);
    CHECK(read(*file, 0, 1).empty());
}

TEST_CASE("a server that answers with all of a small object is believed") {
    Bucket bucket;
    bucket.server.set_script(first(1, server::reply("200 OK", "abc")));

    const auto file = bucket.place()->open("name");

    CHECK(file->size() == 3);
    CHECK(read(*file, 0, 10) == "abc");
}

TEST_CASE("an object that is replaced while it is read is not mixed with the new one") {
    Bucket bucket;
    bucket.server.set("/bucket/some/name", std::string(10'000, 'a'));
    const auto file = bucket.place()->open("name");
    bucket.server.set("/bucket/some/name", std::string(10'000, 'b'));

    CHECK_THROWS_WITH_AS((void)read(*file, 0, 10'000), doctest::Contains("another one"), DeviceError);
}

TEST_CASE("answers that are not the bytes that were asked for are refused") {
    Bucket bucket;
    const auto place = bucket.place();
    const std::string head = "HTTP/1.1 206 P\r\ncontent-length: 3\r\ncontent-range: bytes ";
    for (const auto& answer :
         {server::reply("200 OK", ""), server::reply("200 OK", std::string(5'000, 'a')), head + "0-2/\r\n\r\nabc",
          head + "0-2/*\r\n\r\nabc", head + "1-3/4\r\n\r\nabc", head + "0-3/4\r\n\r\nabc", head + "0-2/9\r\n\r\nabc",
          head + "0-2/2\r\n\r\nabc", head + "0-2/99999999999999999999999\r\n\r\nabc",
          std::string("HTTP/1.1 206 P\r\ncontent-length: 3\r\n\r\nabc"), ScriptedS3::error(301, "PermanentRedirect")}) {
        CAPTURE(answer);
        bucket.server.set_script(first(1, answer));
        try {
            (void)place->open("name");
            FAIL("it was taken");
        } catch (const PlaceUnreachable&) {
            FAIL("it does not pass");
        } catch (const DeviceError&) {
        }
    }
}

TEST_CASE("a bucket that makes no sense is refused before anything is sent") {
    const auto credentials = [] { return S3Credentials{}; };
    CHECK_THROWS_AS(S3Bucket("s3://B", {.credentials = credentials}), std::invalid_argument);
    CHECK_THROWS_AS(S3Bucket("s3://bucket", {}), std::invalid_argument);
    CHECK_THROWS_AS(S3Bucket("s3://bucket", {.endpoint = "nowhere", .credentials = credentials}),
                    std::invalid_argument);
    CHECK_THROWS_AS(S3Bucket("s3://bucket", {.credentials = credentials, .ca_file = "/no/such/file"}),
                    std::invalid_argument);
}

}  // namespace foldback::s3
