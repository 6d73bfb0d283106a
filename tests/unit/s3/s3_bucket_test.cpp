#include "foldback/s3/s3_bucket.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "client/base64.hpp"
#include "foldback/store/errors.hpp"
#include "log/archive_place.hpp"
#include "s3/signature.hpp"
#include "support/eventually.hpp"
#include "support/scripted_s3.hpp"
#include "support/temporary_directory.hpp"

namespace foldback::s3 {
namespace {

using namespace std::chrono_literals;
using test::S3Request;
using test::ScriptedS3;

struct Bucket {
    ScriptedS3 server;
    test::TemporaryDirectory scratch;

    [[nodiscard]] std::shared_ptr<ArchivePlace> place(S3Options options, std::string_view below = {}) const {
        return S3Bucket("s3://bucket/some", std::move(options)).place(below, scratch.path());
    }
    [[nodiscard]] std::shared_ptr<ArchivePlace> place() const { return place(server.options()); }
};

void put(ArchivePlace& place, const std::string& name, const std::string& bytes) {
    place.put(
        name, [&](const auto& append) { append(bytes); }, [](const ReadableFile&) {});
}

std::string read(const ReadableFile& file, std::uint64_t from, std::size_t bytes) {
    std::string text(bytes, '\0');
    text.resize(file.read_at(from, std::as_writable_bytes(std::span(text))));
    return text;
}

std::string numbers_up_to(int end) {
    std::string text;
    for (int i = 0; i < end; ++i) text += std::to_string(i) + ' ';
    return text;
}

/// The first `count` requests are answered so.
ScriptedS3::Script first(int count, std::string answer) {
    return [left = count, answer = std::move(answer)](const S3Request&) mutable -> std::optional<std::string> {
        if (left-- <= 0) return {};
        return answer;
    };
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

TEST_CASE("what passes is tried again, and told when it does not pass") {
    Bucket bucket;
    bucket.server.set("/bucket/some/name", "bytes");
    const auto place = bucket.place();
    for (const auto& answer :
         {ScriptedS3::error(503, "SlowDown"), ScriptedS3::error(500, "InternalError"), std::string(),
          std::string("HTTP/1.1 206 P\r\ncontent-length: 99\r\n\r\nab"), std::string("nonsense\r\n\r\n")}) {
        CAPTURE(answer);
        bucket.server.set_script(first(4, answer));
        CHECK(place->open("name")->size() == 5);

        const auto before = bucket.server.requests().size();
        bucket.server.set_script(first(1'000, answer));
        CHECK_THROWS_AS((void)place->open("name"), PlaceUnreachable);
        CHECK(bucket.server.requests().size() == before + 5);
    }
}

TEST_CASE("after a request failed for good the server is left alone for a while, in all places of the bucket") {
    for (const auto& [code, tries] : {std::pair("SlowDown", 5U), std::pair("ExpiredToken", 1U)}) {
        CAPTURE(code);
        Bucket bucket;
        auto options = bucket.server.options();
        options.rest = 200ms;
        const S3Bucket all("s3://bucket", options);
        bucket.server.set_script(first(static_cast<int>(tries), ScriptedS3::error(tries > 1 ? 503 : 403, code)));
        CHECK_THROWS_AS((void)all.place("a", bucket.scratch.path())->open("name"), DeviceError);

        const auto place = all.place("b", bucket.scratch.path());
        CHECK_THROWS_WITH_AS((void)place->open("name"), doctest::Contains(code), DeviceError);
        CHECK(bucket.server.requests().size() == tries);

        const auto is_asked_again = [&] {
            try {
                return place->open("name") == nullptr;
            } catch (const DeviceError&) {
                return false;
            }
        };
        CHECK(test::eventually(is_asked_again));
        CHECK(bucket.server.requests().size() == tries + 1);
    }
}

TEST_CASE("refused keys and silence are told in the same words to all who need the bucket, and name no request") {
    const std::string unheard = "a request to s3://bucket failed: ";
    for (const auto& [answer, what] :
         {std::pair(ScriptedS3::error(400, "ExpiredToken"), std::string("a request to s3://bucket was answered 400 ")),
          std::pair(std::string(), unheard)}) {
        CAPTURE(what);
        Bucket bucket;
        auto options = bucket.server.options();
        options.rest = 60s;
        const S3Bucket all("s3://bucket", options);
        bucket.server.set_script([answer](const S3Request&) { return answer; });
        std::vector<std::string> told;
        for (const auto* const part : {"a", "b", "b"}) {
            try {
                (void)all.place(part, bucket.scratch.path())->open("name");
                FAIL("it was not refused");
            } catch (const DeviceError& error) {
                told.emplace_back(error.what());
            }
        }

        CHECK(told[0].starts_with(what));
        CHECK(told[0].find("name") == std::string::npos);
        CHECK(told[1] == told[0]);
        CHECK(told[2] == told[0]);
    }
}

TEST_CASE("that one object is denied keeps nobody from asking for others") {
    Bucket bucket;
    bucket.server.set("/bucket/some/other", "bytes");
    auto options = bucket.server.options();
    options.rest = 60s;
    const auto place = bucket.place(options);
    bucket.server.set_script(first(1, ScriptedS3::error(403, "AccessDenied")));

    CHECK_THROWS_WITH_AS((void)place->open("name"), doctest::Contains("GET s3://bucket/some/name was answered 403"),
                         DeviceError);
    CHECK(place->open("other")->size() == 5);
}

TEST_CASE("credentials that cannot be read are no answer, and do not end the rest of a bucket") {
    Bucket bucket;
    auto options = bucket.server.options();
    options.rest = 60s;
    std::function<void()> before_second;
    options.credentials = [&, asked = 0]() mutable -> S3Credentials {
        if (++asked == 2) {
            before_second();
            throw std::runtime_error("the file is not there");
        }
        return {.access_key = "user", .secret_key = "s"};
    };
    const S3Bucket all("s3://bucket", options);
    before_second = [&] {
        bucket.server.set_script(first(1, ScriptedS3::error(403, "ExpiredToken")));
        CHECK_THROWS_AS((void)all.place("b", bucket.scratch.path())->open("name"), DeviceError);
    };
    bucket.server.set_script(first(1, ScriptedS3::error(503, "SlowDown")));
    const auto place = all.place("a", bucket.scratch.path());
    CHECK_THROWS_WITH_AS((void)place->open("name"), doctest::Contains("the file is not there"), DeviceError);

    CHECK_THROWS_WITH_AS((void)place->open("name"), doctest::Contains("ExpiredToken"), DeviceError);
    CHECK(bucket.server.requests().size() == 2);
}

TEST_CASE("a body that arrived damaged, as the server says, is sent again") {
    Bucket bucket;
    bool was_damaged = false;
    bucket.server.set_script([&](const S3Request& request) -> std::optional<std::string> {
        if (request.method != "PUT" || std::exchange(was_damaged, true)) return {};
        return ScriptedS3::error(400, "XAmzContentSHA256Mismatch");
    });

    put(*bucket.place(), "name", "bytes");

    CHECK(was_damaged);
    CHECK(bucket.server.objects().at("/bucket/some/name") == "bytes");
}

TEST_CASE("a refusal is told at once, with what it means, and without anything secret") {
    Bucket bucket;
    bucket.server.set_script(first(1'000, ScriptedS3::error(403, "SignatureDoesNotMatch")));
    try {
        (void)bucket.place()->open("name");
        FAIL("it was not refused");
    } catch (const PlaceUnreachable&) {
        FAIL("it does not pass");
    } catch (const DeviceError& error) {
        const std::string what = error.what();
        CHECK(what.starts_with("a request to s3://bucket was answered 403 SignatureDoesNotMatch"));
        CHECK(what.find("user") == std::string::npos);
        CHECK(what.find("secret words") == std::string::npos);
    }
    CHECK(bucket.server.requests().size() == 1);
}

TEST_CASE("credentials are asked for before each request, and what is wrong with them is told") {
    Bucket bucket;
    std::atomic<int> asked{0};
    auto options = bucket.server.options();
    options.credentials = [&]() -> S3Credentials {
        if (asked++ == 2) throw std::runtime_error("the file is not there");
        return {.access_key = "user" + std::to_string(asked), .secret_key = "s"};
    };
    const auto place = bucket.place(options);

    CHECK_FALSE(place->open("name"));
    CHECK_FALSE(place->open("name"));
    CHECK_THROWS_WITH_AS((void)place->open("name"), doctest::Contains("the file is not there"), DeviceError);
    CHECK(bucket.server.requests().at(1).header("authorization").find("user2/") != std::string::npos);
}

TEST_CASE("a server that does not answer is given up in time, and at once when the place is interrupted") {
    server::Receiver silent([](int descriptor) {
        server::read_request(descriptor);
        server::read_request(descriptor);
    });
    Bucket bucket;
    auto options = bucket.server.options();
    options.endpoint = silent.url("");
    options.tries = 2;
    options.connect_timeout = 50ms;
    options.answer_timeout = 50ms;
    CHECK_THROWS_AS((void)bucket.place(options)->open("name"), PlaceUnreachable);

    options.answer_timeout = 30s;
    const auto place = bucket.place(options);
    const auto begun = std::chrono::steady_clock::now();
    std::thread interrupting([&] {
        (void)test::eventually([&] { return silent.connections() == 3; });
        place->interrupt();
    });
    CHECK_THROWS_AS((void)place->open("name"), PlaceUnreachable);
    interrupting.join();
    CHECK_THROWS_AS((void)place->open("name"), PlaceUnreachable);
    CHECK(std::chrono::steady_clock::now() - begun < 20s);
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
