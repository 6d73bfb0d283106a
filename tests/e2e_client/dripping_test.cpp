// Answers that come in pieces: /data/<n> and /nothing/<n> of a server that sends n bytes of the body with the head, and the
// rest byte by byte.

#include <doctest/doctest.h>

#include "e2e_client/streams.hpp"

using namespace foldback::client;

TEST_CASE("an answer is the same wherever the network cuts it into pieces") {
    const auto base = e2e::setting("CLIENT_TEST_DRIPPING_URL");
    for (int bytes = 0; bytes <= 15; ++bytes) {
        CAPTURE(bytes);
        CHECK(e2e::content_of(e2e::client().stream(base + "/data/" + std::to_string(bytes))) == "1 2 ");
    }
    for (int bytes = 0; bytes <= 5; ++bytes) {
        CAPTURE(bytes);
        CHECK(e2e::content_of(e2e::client().stream(base + "/nothing/" + std::to_string(bytes))).empty());
    }
}
