#include "http/response_head.hpp"

#include <doctest/doctest.h>

using namespace foldback::server;
using namespace foldback::server::http;
using namespace std::string_view_literals;

namespace {

Response response_with(unsigned status, std::string text = {}) {
    Response response;
    response.status = status;
    response.text = std::move(text);
    return response;
}

std::string head_of(const Response& response, ResponseContext context = {}) {
    context.date = "now";
    std::string out;
    CHECK(append_head(out, response, body_end(response, context.to_head), context));
    return out;
}

}  // namespace

TEST_CASE("a head has the status, the headers in order, the length, the date and the empty line") {
    auto response = response_with(409, "1234");
    response.set("b", "2");
    response.set("a", "1");
    response.pieces.push_back({.bytes = "56", .owner = nullptr});

    CHECK(head_of(response) == "HTTP/1.1 409 Conflict\r\nb: 2\r\na: 1\r\ncontent-length: 6\r\ndate: now\r\n\r\n");
}

TEST_CASE("a response without a body says no length, and one to HEAD only what is known") {
    CHECK(head_of(response_with(200)).find("content-length: 0\r\n") != std::string::npos);
    CHECK(head_of(response_with(204)).find("content-length") == std::string::npos);
    CHECK(head_of(response_with(304, "x")).find("content-length") == std::string::npos);
    CHECK(head_of(response_with(200), {.to_head = true}).find("content-length") == std::string::npos);
    CHECK(head_of(response_with(200, "abc"), {.to_head = true}).find("content-length: 3\r\n") != std::string::npos);
    CHECK(head_of(response_with(204, "abc"), {.to_head = true}).find("content-length") == std::string::npos);
}

TEST_CASE("the connection header says what the version does not") {
    CHECK(head_of(response_with(200)).find("connection") == std::string::npos);
    CHECK(head_of(response_with(200), {.keep_alive = false}).find("connection: close\r\n") != std::string::npos);
    CHECK(head_of(response_with(200), {.to_http_1_0 = true}).find("connection: keep-alive\r\n") != std::string::npos);
}

TEST_CASE("a header that would end early is not written, and nothing else either") {
    for (const std::string_view bad : {"a\r\nb"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv}) {
        auto response = response_with(200);
        response.set("x", std::string(bad));
        std::string out = "before";

        CHECK_FALSE(append_head(out, response, BodyEnd::length, {}));
        CHECK(out == "before");
    }
    auto response = response_with(200);
    response.set("x: y\r\nz", "value");
    std::string out;
    CHECK_FALSE(append_head(out, response, BodyEnd::length, {}));
}

TEST_CASE("a status that nobody knows has a phrase all the same") {
    CHECK(reason_phrase(204) == "No Content");
    CHECK(reason_phrase(799) == "Unknown");
}

TEST_CASE("the date is written as HTTP wants it, and anew each second") {
    DateText date;

    CHECK(date.at(784'111'777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(date.at(784'111'777) == "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(date.at(784'111'778) == "Sun, 06 Nov 1994 08:49:38 GMT");
    CHECK(date.at(1'709'164'800) == "Thu, 29 Feb 2024 00:00:00 GMT");
}
