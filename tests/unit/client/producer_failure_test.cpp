#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "foldback/client/client.hpp"
#include "foldback/client/idempotent_producer.hpp"
#include "server/delivery/receiver.hpp"
#include "support/eventually.hpp"

/// What a producer says of messages when the server's answers are lost or wrong.
namespace foldback::client {

using namespace std::chrono_literals;

namespace {

/// A server that answers each request as the test says; an empty answer cuts the connection.
class Played {
public:
    using Script = std::function<std::string(int number, const std::string& request)>;

    explicit Played(Script script) : script_(std::move(script)) {}

    [[nodiscard]] DurableStream stream() const {
        const ClientOptions options{.retry = {.initial_delay = 1ms, .max_delay = 2ms}, .response_timeout = 10s};
        return Client(options).stream(receiver_.url("/s"), {.content_type = "text/plain"});
    }

private:
    void serve(int descriptor) {
        for (;;) {
            const auto request = server::read_request(descriptor);
            if (request.empty()) return;
            const auto answer = script_(requests_++, request);
            if (answer.empty() || !server::write_text(descriptor, answer)) return;
        }
    }

    Script script_;
    std::atomic<int> requests_{0};
    server::Receiver receiver_{[this](int descriptor) { serve(descriptor); }};
};

std::string answer(const std::string& status, const std::string& headers) {
    return "HTTP/1.1 " + status + "\r\ncontent-length: 0\r\n" + headers + "\r\n";
}

/// The codes of what is reported as not delivered.
struct Reported {
    std::mutex mutex;
    std::vector<ErrorCode> codes;

    std::function<void(const Undelivered&)> collector() {
        return [this](const Undelivered& undelivered) {
            const std::scoped_lock lock(mutex);
            codes.push_back(undelivered.error.code);
        };
    }
};

const std::string accepted = "stream-next-offset: 5\r\nproducer-epoch: 7\r\n";

}  // namespace

TEST_CASE("a message that was sent, not answered, and then refused is reported as unknown") {
    Played server([](int number, const std::string&) { return number == 0 ? std::string() : answer("401 No", ""); });
    Reported reported;
    IdempotentProducer producer(server.stream(), "p", {.epoch = GivenEpoch{7}, .on_error = reported.collector()});

    const auto outcome = producer.append_with_future("a").get();

    REQUIRE(outcome.has_error());
    CHECK(outcome.error().code == ErrorCode::outcome_unknown);
    CHECK(reported.codes == std::vector{ErrorCode::outcome_unknown});
}

TEST_CASE("a message that was refused at once is reported with the reason") {
    Played server([](int, const std::string&) { return answer("401 No", ""); });
    Reported reported;
    IdempotentProducer producer(server.stream(), "p", {.epoch = GivenEpoch{7}, .on_error = reported.collector()});

    CHECK(producer.append_with_future("a").get().error().code == ErrorCode::unauthorized);
    CHECK(reported.codes == std::vector{ErrorCode::unauthorized});
}

TEST_CASE("a claimed epoch is not claimed again for a batch that may be there already") {
    std::atomic<int> batches{0};
    Played server([&](int number, const std::string&) {
        ++batches;
        if (number == 0) return std::string();  // appended, and the answer is lost
        if (number == 1) return answer("403 No", "producer-epoch: 99000000\r\n");
        return answer("200 OK", accepted);
    });
    Reported reported;
    IdempotentProducer producer(server.stream(), "p", {.on_error = reported.collector()});

    CHECK(producer.append_with_future("a").get().error().code == ErrorCode::outcome_unknown);
    CHECK(batches == 2);
}

TEST_CASE("an acknowledgement with an offset that is none leaves nobody waiting") {
    Played server(
        [](int, const std::string&) { return answer("200 OK", "stream-next-offset: a/b\r\nproducer-epoch: 7\r\n"); });
    Reported reported;
    IdempotentProducer producer(server.stream(), "p", {.epoch = GivenEpoch{7}, .on_error = reported.collector()});
    REQUIRE(producer.append("a").has_value());

    CHECK(producer.flush({.deadline = within(5s)}).error().code == ErrorCode::outcome_unknown);
}

TEST_CASE("what answers anything with 200 has not taken a message") {
    Played server([](int, const std::string&) { return server::reply("200 OK", "Please pay to use this network"); });
    Reported reported;
    IdempotentProducer producer(server.stream(), "p", {.epoch = GivenEpoch{7}, .on_error = reported.collector()});

    CHECK(producer.append_with_future("a").get().has_error());
}

TEST_CASE("what a batch after it proves to be there is delivered, though its own answer is a refusal") {
    std::atomic<int> attempts{0};
    std::atomic<bool> third_is_answered{false};
    Played server([&](int, const std::string& request) {
        const bool is_second = request.find("producer-seq: 1") != std::string::npos;
        if (!is_second) {
            if (request.find("producer-seq: 2") != std::string::npos) third_is_answered = true;
            return answer("200 OK", accepted);
        }
        if (++attempts == 1) return std::string();  // appended, and the answer is lost
        if (attempts > 2) return answer("401 No", "");
        CHECK(test::eventually([&] { return third_is_answered.load(); }));
        return answer("503 Later", "");
    });
    Reported reported;
    IdempotentProducer producer(
        server.stream(), "p",
        {.epoch = GivenEpoch{7}, .max_batch_items = 1, .linger = 0ms, .on_error = reported.collector()});
    REQUIRE(producer.append_with_future("a").get().has_value());

    auto second = producer.append_with_future("b");
    auto third = producer.append_with_future("c");

    CHECK(third.get().has_value());
    CHECK(second.get().has_value());
    CHECK(reported.codes.empty());
}

TEST_CASE("closing that took longer than its caller had is asked for again, and closes once") {
    std::atomic<bool> is_let_go{false};
    std::atomic<int> closings{0};
    Played server([&](int, const std::string&) {
        ++closings;
        CHECK(test::eventually([&] { return is_let_go.load(); }));
        return answer("200 OK", accepted + "stream-closed: true\r\n");
    });
    Reported reported;
    IdempotentProducer producer(server.stream(), "p", {.epoch = GivenEpoch{7}, .on_error = reported.collector()});

    CHECK(producer.close_stream("end", {.deadline = within(20ms)}).error().code == ErrorCode::timed_out);
    CHECK(producer.append("late").error().code == ErrorCode::detached);
    is_let_go = true;
    const auto closed = producer.close_stream("end");

    CHECK(closed.has_value());
    CHECK(closings == 1);
}

}  // namespace foldback::client
