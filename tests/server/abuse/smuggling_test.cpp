#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "server/abuse/strict_reply.hpp"
#include "server/abuse/strict_request.hpp"
#include "server/http/served.hpp"
#include "support/environment.hpp"

using namespace foldback;
using namespace foldback::server;
using namespace foldback::server::testing;

/// Damaged requests, each followed by a whole one, are sent to the server and read by another reader, which forgives
/// nothing. FOLDBACK_SEED runs one seed, FOLDBACK_ROUNDS as many times the requests.
namespace {

const std::string canary = "GET /canary HTTP/1.1\r\nHost: a\r\n\r\n";

/// Answers every request with what it was.
class Echo final : public RequestHandler {
public:
    Reply handle(Request request) override {
        ++executed;
        Response response;
        response.text = request.target + " " + request.body;
        return response;
    }

    std::optional<Response> refuse_early(Method, std::string_view, std::uint64_t) const override {
        return std::nullopt;
    }

    std::atomic<std::uint64_t> executed{0};
};

/// Anywhere, and every other time before the end of one of the lines, where readers differ most.
std::size_t place_in(const std::string& request, std::mt19937_64& random) {
    const auto ends = static_cast<std::size_t>(std::ranges::count(request, '\r'));
    if (random() % 2 == 0 || ends == 0) return random() % request.size();
    auto place = request.find('\r');
    for (auto left = random() % ends; left > 0; --left) place = request.find('\r', place + 1);
    return place;
}

std::string damaged(std::mt19937_64& random) {
    static const std::vector<std::string> sources{
        "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nX: y\r\n\r\nhello",
        "POST /first HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "POST /first HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(canary.size()) + "\r\n\r\n" + canary,
        "POST /first HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n22\r\n" + canary + "\r\n0\r\n\r\n",
        "GET /first?a=b HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n",
        "GET http://a/first HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "POST /first HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
    };
    static const std::vector<std::string> pieces{"\r\n",
                                                 "\n",
                                                 "\r",
                                                 " ",
                                                 "\t",
                                                 ":",
                                                 ";",
                                                 ";a=b",
                                                 "0\r\n\r\n",
                                                 "5\r\n",
                                                 "Host: a\r\n",
                                                 "X: y\r\n",
                                                 "chunked",
                                                 "identity",
                                                 "close",
                                                 ",",
                                                 "+",
                                                 "0x",
                                                 "HTTP/1.0",
                                                 "Content-Length: 5\r\n",
                                                 "Content-Length: 0\r\n",
                                                 "Content-Length: 34\r\n",
                                                 "Transfer-Encoding: chunked\r\n",
                                                 "Transfer-Encoding : chunked\r\n",
                                                 " Transfer-Encoding: chunked\r\n",
                                                 "Connection: close\r\n"};
    const auto bytes = std::string("\r\n\t :;,0159aAfF+-%\x01\x0B\x7F\x80\xFF") + '\0';
    auto request = sources[random() % sources.size()];
    for (auto left = 1 + random() % 3; left > 0 && !request.empty(); --left) {
        const auto at = place_in(request, random);
        const char byte = bytes[random() % bytes.size()];
        switch (random() % 5) {
            case 0: request[at] = byte; break;
            case 1: request.insert(at, 1, byte); break;
            case 2: request.erase(at, 1 + random() % 3); break;
            case 3: request.insert(at, pieces[random() % pieces.size()]); break;
            default: request.insert(at, request.substr(random() % request.size(), random() % 20)); break;
        }
    }
    return request;
}

}  // namespace

TEST_CASE("damaged requests are executed only as a reader reads them that forgives nothing") {
    const auto only = test::number_from("FOLDBACK_SEED", 0);
    const auto first = only != 0 ? only : 1;
    const auto seeds = only != 0 ? 1 : 20'000 * test::number_from("FOLDBACK_ROUNDS", 1);
    Echo echo;
    HttpServer server(echo, on_any_port());
    server.start();
    std::uint64_t answered = 0;
    std::uint64_t canaries = 0;

    for (auto seed = first; seed < first + seeds; ++seed) {
        std::mt19937_64 random(seed);
        const auto bytes = damaged(random) + canary;
        CAPTURE(seed);
        CAPTURE(bytes);
        RawClient client(server.port());
        client.try_send(bytes);
        client.finish_sending();
        std::vector<StrictReply> replies;
        REQUIRE_NOTHROW(replies = parse_strictly(client.receive_all()));
        std::erase_if(replies, [](const StrictReply& reply) { return reply.status != 200; });

        const auto requests = read_strictly(bytes);
        REQUIRE(replies.size() <= requests.size());
        for (std::size_t i = 0; i < replies.size(); ++i)
            REQUIRE(replies[i].body == requests[i].target + " " + requests[i].body);
        answered += replies.size();
        canaries += !replies.empty() && replies.back().body == "/canary " ? 1 : 0;
        REQUIRE(echo.executed == answered);
    }
    MESSAGE(seeds, " damaged requests, ", answered, " executed, ", canaries, " canaries");
    CHECK((canaries > 0 || only != 0));
}
