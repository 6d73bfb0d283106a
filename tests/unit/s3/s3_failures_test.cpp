#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/eventually.hpp"
#include "unit/s3/bucket_fixture.hpp"

/// What becomes of requests that are not answered as they should be, and of those that come after them.
namespace foldback::s3 {

using namespace std::chrono_literals;

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
    for (const auto& failure : {std::pair("SlowDown", 5U), std::pair("ExpiredToken", 1U)}) {
        const auto* const code = failure.first;
        const auto tries = failure.second;
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
    for (const auto& one :
         {std::pair(ScriptedS3::error(400, "ExpiredToken"), std::string("a request to s3://bucket was answered 400 ")),
          std::pair(std::string(), unheard)}) {
        const auto& answer = one.first;
        const auto& what = one.second;
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

}  // namespace foldback::s3
