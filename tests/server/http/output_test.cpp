#include "http/output.hpp"

#include <doctest/doctest.h>

#include <sys/socket.h>
#include <unistd.h>

#include <string>

using namespace foldback::server;
using namespace foldback::server::http;

namespace {

/// Two connected sockets.
struct Pair {
    Pair() {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
        wire = Wire(ends[0]);
    }
    ~Pair() {
        ::close(ends[0]);
        if (ends[1] >= 0) ::close(ends[1]);
    }
    std::string read() {
        std::string bytes(10'000, '\0');
        const auto got = ::recv(ends[1], bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return bytes;
    }
    int ends[2];
    Wire wire{-1};
};

Piece piece(std::string bytes) {
    auto owner = std::make_shared<const std::string>(std::move(bytes));
    return {.bytes = *owner, .owner = owner};
}

}  // namespace

TEST_CASE("all parts are sent in order, however many, large, small or empty, and however slowly they are taken") {
    Pair pair;
    Output output;
    std::string expected = "head";
    std::vector<Piece> pieces;
    output.begin() = "head";
    output.body(std::string(100'000, 'b'));
    expected += std::string(100'000, 'b');
    for (int i = 0; i < 300; ++i) {
        pieces.push_back(piece(std::string(static_cast<std::size_t>(i % 7) * 1000, static_cast<char>('a' + i % 26))));
        expected += pieces.back().bytes;
    }
    output.pieces(std::move(pieces));
    output.ending("end");
    expected += "end";

    std::string received;
    auto progress = output.send(pair.wire);
    CHECK(progress == Output::Progress::blocked);
    while (progress == Output::Progress::blocked) {
        received += pair.read();
        progress = output.send(pair.wire);
    }
    for (auto bytes = pair.read(); !bytes.empty(); bytes = pair.read()) received += bytes;

    CHECK(progress == Output::Progress::done);
    CHECK(received == expected);
    CHECK(output.sent() == expected.size());
}

TEST_CASE("what was sent is let go") {
    Pair pair;
    Output output;
    const auto large = piece(std::string(50'000, 'x'));
    output.begin() = "head";
    output.pieces({large});
    CHECK(large.owner.use_count() == 2);

    CHECK(output.send(pair.wire) == Output::Progress::done);
    output.clear();

    CHECK(large.owner.use_count() == 1);
    CHECK(output.begin().empty());
}

TEST_CASE("a large buffer is given back, and any when nothing will be sent for a while") {
    Output output;
    output.begin().assign(100'000, 'x');
    CHECK(output.begin().capacity() < 100'000);

    output.begin().assign(1'000, 'x');
    CHECK(output.begin().capacity() >= 1'000);
    output.release();
    CHECK(output.begin().capacity() < 100);
}

TEST_CASE("sending to nobody fails") {
    Pair pair;
    ::close(std::exchange(pair.ends[1], -1));
    Output output;
    output.begin() = "head";

    CHECK(output.send(pair.wire) == Output::Progress::failed);
}
