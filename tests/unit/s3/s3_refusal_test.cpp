#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "unit/s3/bucket_fixture.hpp"

/// Servers, and proxies before them, that refuse an object before they have read it.
namespace foldback::s3 {

using namespace std::chrono_literals;

namespace {

/// More than the system takes for a server that reads nothing.
const std::string large(24 << 20, 'x');
const std::string refusal = ScriptedS3::error(413, "EntityTooLarge");

/// Has no object, and does with uploads as it is told.
class UploadServer {
public:
    using Upload = std::function<void(int descriptor, const std::string& head)>;

    explicit UploadServer(Upload upload) : upload_(std::move(upload)) {}

    [[nodiscard]] std::shared_ptr<ArchivePlace> place() const {
        auto options = bucket_.server.options();
        options.endpoint = receiver_.url("");
        options.answer_timeout = 10s;
        return bucket_.place(options);
    }
    /// The beginnings of those that came.
    [[nodiscard]] std::vector<std::string> uploads() const {
        const std::lock_guard lock(mutex_);
        return uploads_;
    }

private:
    void serve(int descriptor) {
        const auto beginning = server::read_beginning(descriptor);
        if (!beginning.starts_with("PUT")) {
            server::write_text(descriptor, ScriptedS3::error(404, "NoSuchKey"));
            return;
        }
        {
            const std::lock_guard lock(mutex_);
            uploads_.push_back(beginning);
        }
        upload_(descriptor, beginning);
    }

    Upload upload_;
    Bucket bucket_;
    mutable std::mutex mutex_;
    std::vector<std::string> uploads_;
    server::Receiver receiver_{[this](int descriptor) { serve(descriptor); }};
};

void check_that_it_is_told(UploadServer::Upload upload) {
    const UploadServer server(std::move(upload));
    const auto begun = std::chrono::steady_clock::now();
    try {
        put(*server.place(), "name", large);
        FAIL("it was not refused");
    } catch (const PlaceUnreachable& error) {
        FAIL("it does not pass: ", std::string(error.what()));
    } catch (const DeviceError& error) {
        const std::string what = error.what();
        CAPTURE(what);
        CHECK(what.starts_with("PUT s3://bucket/some/name was answered 413 EntityTooLarge"));
    }
    CHECK(server.uploads().size() == 1);
    CHECK(std::chrono::steady_clock::now() - begun < 9s);
}

void refuse_amid_the_object(int descriptor) {
    server::write_text(descriptor, "HTTP/1.1 100 Continue\r\n\r\n");
    (void)server::skip_bytes(descriptor, 1 << 20);
    server::write_text(descriptor, refusal);
}

}  // namespace

TEST_CASE("a refusal is told that came before the object was sent, when the connection is reset then") {
    check_that_it_is_told([](int descriptor, const std::string&) { server::write_text(descriptor, refusal); });
}

TEST_CASE("a refusal is told that came before the object was sent, when the server reads nothing more") {
    check_that_it_is_told([](int descriptor, const std::string&) {
        server::write_text(descriptor, refusal);
        server::wait_until_the_other_side_is_gone(descriptor);
    });
}

TEST_CASE("an object that is refused is not sent") {
    std::atomic<std::size_t> received{0};
    check_that_it_is_told([&](int descriptor, const std::string& beginning) {
        received += beginning.size() - beginning.find("\r\n\r\n") - 4;
        pollfd more{.fd = descriptor, .events = POLLIN, .revents = 0};
        CHECK(::poll(&more, 1, 200) == 0);  // while nobody asked for it
        server::write_text(descriptor, refusal);
        received += server::skip_bytes(descriptor, large.size());
    });
    CHECK(received == 0);
}

TEST_CASE("an object is sent when the server asks for it, and soon when it never asks") {
    for (const auto* const consent : {"HTTP/1.1 100 Continue\r\n\r\n", ""}) {
        CAPTURE(consent);
        std::atomic<std::size_t> received{0};
        const UploadServer server([&](int descriptor, const std::string& beginning) {
            received += beginning.size() - beginning.find("\r\n\r\n") - 4;
            server::write_text(descriptor, consent);
            received += server::skip_bytes(descriptor, large.size() - received);
            server::write_text(descriptor, server::reply("200 OK", ""));
        });
        CHECK_THROWS_WITH_AS(put(*server.place(), "name", large), doctest::Contains("was put and is gone"),
                             DeviceError);
        CHECK(received == large.size());
        CHECK(server.uploads().size() == 1);
        CHECK(server.uploads().front().find("expect: 100-continue\r\n") != std::string::npos);
    }
}

TEST_CASE("a server that does not let itself be asked is not asked again") {
    const UploadServer server([&](int descriptor, const std::string& beginning) {
        const bool is_asked = beginning.find("\r\nexpect: ") != std::string::npos;
        if (!is_asked)
            (void)server::skip_bytes(descriptor, large.size() + beginning.find("\r\n\r\n") + 4 - beginning.size());
        server::write_text(descriptor, server::reply(is_asked ? "417 No" : "200 OK", ""));
    });
    const auto place = server.place();
    for (const std::size_t uploads : {2U, 3U}) {
        CHECK_THROWS_WITH_AS(put(*place, "name", large), doctest::Contains("was put and is gone"), DeviceError);
        CHECK(server.uploads().size() == uploads);
    }
}

TEST_CASE("a small object is sent without asking") {
    Bucket bucket;
    put(*bucket.place(), "name", "bytes");
    for (const auto& request : bucket.server.requests()) CHECK(request.header("expect").empty());
}

TEST_CASE("a refusal is told that came amid the object, when the connection is reset then") {
    check_that_it_is_told([](int descriptor, const std::string&) { refuse_amid_the_object(descriptor); });
}

TEST_CASE("a refusal is told that came amid the object, when the server reads nothing more") {
    check_that_it_is_told([](int descriptor, const std::string&) {
        refuse_amid_the_object(descriptor);
        server::wait_until_the_other_side_is_gone(descriptor);
    });
}

}  // namespace foldback::s3
