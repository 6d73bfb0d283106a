#include "cli/stream_reader.hpp"

#include <deque>

#include <doctest/doctest.h>

#include "captured.hpp"

using namespace foldback::cli;
using namespace std::chrono_literals;

namespace {

/// Answers with what the test has laid ready, and keeps the targets it was asked for.
class ScriptedTransport final : public Transport {
public:
    ScriptedTransport() : Transport(BaseUrl{}) {}

    struct Answer {
        HttpResponse head{};
        std::string events{};                    ///< of a stream
        std::optional<HttpError::Kind> error{};  ///< after the events
    };

    [[nodiscard]] std::string name() const override { return "the script"; }
    [[nodiscard]] bool is_live() const override { return true; }

    HttpResponse exchange(const HttpRequest& request, std::chrono::milliseconds) override {
        const auto answer = next(request);
        if (answer.error) throw HttpError(*answer.error, "lost", true);
        return answer.head;
    }

    HttpResponse stream(const HttpRequest& request, std::chrono::milliseconds,
                        const std::function<bool(const HttpResponse&, std::string_view)>& take) override {
        const auto answer = next(request);
        if (answer.head.status == 200 && !answer.events.empty() && !take(answer.head, answer.events))
            return answer.head;
        if (answer.error) throw HttpError(*answer.error, "lost", true);
        return answer.head;
    }

    std::deque<Answer> answers;
    std::vector<std::string> targets;

private:
    Answer next(const HttpRequest& request) {
        targets.push_back(request.target);
        REQUIRE_FALSE(answers.empty());
        auto answer = std::move(answers.front());
        answers.pop_front();
        return answer;
    }
};

HttpResponse page(const std::string& body, const std::string& next,
                  std::vector<std::pair<std::string, std::string>> more = {}) {
    HttpResponse response{
        .status = 200, .headers = {{"content-type", "application/json"}, {"stream-next-offset", next}}, .body = body};
    response.headers.insert(response.headers.end(), more.begin(), more.end());
    return response;
}

const std::pair<std::string, std::string> up_to_date{"stream-up-to-date", "true"};
const std::pair<std::string, std::string> closed{"stream-closed", "true"};

std::string data_event(const std::string& data) { return "event: data\ndata: " + data + "\n\n"; }
std::string control_event(const std::string& next, const std::string& more = "") {
    return "event: control\ndata: {\"streamNextOffset\":\"" + next + "\"" + more + "}\n\n";
}

}  // namespace

TEST_CASE("catching up asks page by page until the end") {
    ScriptedTransport transport;
    transport.answers = {{.head = page("[1,2]", "o2")}, {.head = page("[3]", "o3", {up_to_date})}};
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "a b", .offset = "-1"});

    reader.catch_up();

    CHECK(captured.data() == "1\n2\n3\n");
    CHECK(reader.offset() == "o3");
    CHECK_FALSE(reader.is_done());
    CHECK(transport.targets == std::vector<std::string>{"/v1/stream/a%20b?offset=-1", "/v1/stream/a%20b?offset=o2"});
}

TEST_CASE("a data event counts only with its control event, so that nothing is lost or printed twice") {
    ScriptedTransport transport;
    transport.answers = {
        {.head = page("[]", "o0", {up_to_date})},
        {.head = page("", ""),
         .events = data_event("[1]") + control_event("o1") + data_event("[2]"),
         .error = HttpError::Kind::broken},
        {.head = page("", ""), .events = data_event("[2]") + control_event("o2", ",\"streamClosed\":true")}};
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1"});

    reader.catch_up();
    reader.follow();

    CHECK(captured.data() == "1\n2\n");
    CHECK(reader.is_closed());
    CHECK(transport.targets.back() == "/v1/stream/s?offset=o1&live=sse");
}

TEST_CASE("long-polls echo the cursor and go on after silence, refusals that pass and lost connections") {
    ScriptedTransport transport;
    transport.answers = {
        {.head = page("[]", "o0", {up_to_date, {"stream-cursor", "c1"}})},
        {.error = HttpError::Kind::timeout},
        {.head = {.status = 503}},
        {.error = HttpError::Kind::connect},
        {.head = {.status = 204, .headers = {{"stream-next-offset", "o0"}, up_to_date, {"stream-cursor", "c2"}}}},
        {.head = page("[1]", "o1", {up_to_date, closed})}};
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1", .live = LiveMode::long_poll});

    reader.catch_up();
    reader.follow();

    CHECK(captured.data() == "1\n");
    CHECK(transport.targets[1] == "/v1/stream/s?offset=o0&live=long-poll&cursor=c1");
    CHECK(transport.targets.back() == "/v1/stream/s?offset=o0&live=long-poll&cursor=c2");
    CHECK(captured.notes().find("trying again") != std::string::npos);
    CHECK(captured.notes().find("connected again") != std::string::npos);
}

TEST_CASE("following ends when the stream is deleted meanwhile") {
    ScriptedTransport transport;
    transport.answers = {{.head = page("[]", "o0", {up_to_date})}, {.head = {.status = 404}}};
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1"});

    reader.catch_up();

    CHECK_THROWS_AS(reader.follow(), Failure);
}

TEST_CASE("following gives up when no connection comes about for too long") {
    ScriptedTransport transport;
    transport.answers = {{.head = page("[]", "o0", {up_to_date})}};
    for (int count = 0; count < 100; ++count) transport.answers.push_back({.error = HttpError::Kind::connect});
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1", .give_up_after = 1ms});

    reader.catch_up();

    CHECK_THROWS_AS(reader.follow(), Failure);
    CHECK(transport.targets.size() < 10);
}

TEST_CASE("a limit is asked of the server, and the offset behind it is known") {
    ScriptedTransport transport;
    transport.answers = {{.head = page("", "o9")}, {.head = page("[1,2]", "o2")}};
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1", .limit = 2});

    reader.catch_up();

    CHECK(reader.is_full());
    CHECK(reader.offset() == "o2");
    CHECK(transport.targets.back() == "/v1/stream/s?offset=-1&limit=2");
}

TEST_CASE("the offset of a cut inside a page is not known and not invented") {
    ScriptedTransport transport;
    transport.answers = {{.head = page("", "o9")}, {.head = page("[1,2,3]", "o3", {up_to_date, closed})}};
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1", .limit = 2});

    reader.catch_up();

    CHECK(captured.data() == "1\n2\n");
    CHECK(reader.offset().empty());
    CHECK_FALSE(reader.is_closed());
}

TEST_CASE("positions are printed between messages for programs") {
    ScriptedTransport transport;
    transport.answers = {{.head = page("[1]", "o1", {up_to_date, closed})}};
    Captured captured({.json = true});
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1"});

    reader.catch_up();

    CHECK(captured.data() ==
          "{\"type\":\"message\",\"data\":1}\n"
          "{\"type\":\"position\",\"next_offset\":\"o1\",\"up_to_date\":true,\"closed\":true}\n");
}

TEST_CASE("bytes of an event stream may come as base64") {
    ScriptedTransport transport;
    auto first = page("", "o0", {up_to_date});
    first.headers[0].second = "image/png";
    auto events = page("", "", {{"stream-sse-data-encoding", "base64"}});
    transport.answers = {
        {.head = first},
        {.head = events, .events = data_event("AAEC\ndata: /w==") + control_event("o4", ",\"streamClosed\":true")}};
    Captured captured;
    StreamReader reader(transport, captured.output, {.stream = "s", .offset = "-1", .live = LiveMode::sse});

    reader.catch_up();
    reader.follow();

    CHECK(captured.data() == std::string("\x00\x01\x02\xFF", 4));
}
