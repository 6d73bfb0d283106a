#include "http/chunk_decoder.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using namespace foldback::server::http;
using Outcome = ChunkDecoder::Outcome;
using namespace std::string_view_literals;

namespace {

constexpr ChunkLimits small_limits{.body_bytes = 64, .overhead_bytes = 100};

struct Decoded {
    Outcome outcome = Outcome::incomplete;
    unsigned status = 0;
    std::string body;   ///< meaningful when complete
    std::string after;  ///< what follows the body

    friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(std::string_view input, const std::vector<std::size_t>& cuts = {}, ChunkLimits limits = small_limits) {
    ChunkDecoder decoder(limits);
    Decoded result;
    std::size_t begin = 0;
    const auto feed = [&](std::size_t end) {
        auto part = input.substr(begin, end - begin);
        begin = end;
        if (result.outcome == Outcome::incomplete) {
            result.outcome = decoder.feed(part, result.body);
            if (result.outcome == Outcome::incomplete) CHECK(part.empty());
        }
        if (result.outcome == Outcome::complete) result.after.append(part);
    };
    for (const auto cut : cuts) feed(cut);
    feed(input.size());
    if (result.outcome == Outcome::refused) {
        result.status = decoder.refusal().status;
        result.body.clear();
    }
    return result;
}

struct Malformed {
    std::string_view input;
    unsigned status = 400;
};

const std::vector<Malformed>& malformed() {
    static const std::vector<Malformed> cases{
        {"\r\n"},
        {"\n"},
        {" 5\r\nhello\r\n0\r\n\r\n"},
        {"5 \r\nhello\r\n0\r\n\r\n"},
        {"5\t\r\nhello\r\n0\r\n\r\n"},
        {"+5\r\nhello\r\n0\r\n\r\n"},
        {"-5\r\nhello\r\n0\r\n\r\n"},
        {"0x5\r\nhello\r\n0\r\n\r\n"},
        {"5h\r\nhello\r\n0\r\n\r\n"},
        {"g\r\n"},
        {"5\0\r\nhello\r\n0\r\n\r\n"sv},
        {"5\nhello\r\n0\r\n\r\n"},
        {"5\r\r\nhello\r\n0\r\n\r\n"},
        {"5\rhello\r\n0\r\n\r\n"},
        {"5\r\nhello0\r\n\r\n"},
        {"5\r\nhello\n0\r\n\r\n"},
        {"5\r\nhello\r0\r\n\r\n"},
        {"5\r\nhello \r\n0\r\n\r\n"},
        {"4\r\nhello\r\n0\r\n\r\n"},
        {"5\r\nhello\r\n\r\n"},
        {"5;a=b\r\nhello\r\n0\r\n\r\n"},
        {"5;\r\nhello\r\n0\r\n\r\n"},
        {"5;a\nhello\r\n0\r\n\r\n"},
        {"5\r\nhello\r\n0;a\r\n\r\n"},
        {"5\r\nhello\r\n0\n\r\n"},
        {"5\r\nhello\r\n0\r\n\n"},
        {"5\r\nhello\r\n0\r\r\n"},
        {"5\r\nhello\r\n0\r\nX: y\r\n\r\n"},
        {"5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"},
        {"5\r\nhello\r\n0\r\n \r\n"},
        {"5\r\nhello\r\n-0\r\n\r\n"},
        {"00000000000000005\r\nhello\r\n0\r\n\r\n"},
        {"10000000000000005\r\nhello\r\n0\r\n\r\n"},
        {"ffffffffffffffff\r\n", 413},
        {"FFFFFFFFFFFFFFFB\r\nhello\r\n0\r\n\r\n", 413},
        {"8000000000000000\r\n", 413},
        {"41\r\n", 413},
        {"40\r\n0123456789012345678901234567890123456789012345678901234567890123\r\n1\r\n", 413},
    };
    return cases;
}

const std::vector<std::string_view>& well_formed() {
    static const std::vector<std::string_view> cases{
        "0\r\n\r\n",
        "000\r\n\r\n",
        "5\r\nhello\r\n0\r\n\r\n",
        "0000000000000005\r\nhello\r\n0\r\n\r\n",
        "1\r\nh\r\n4\r\nello\r\n0\r\n\r\nGET / HTTP/1.1\r\n",
        "c\r\n\r\n0\r\n\r\nhello\r\n0\r\n\r\n",
        "1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n",
    };
    return cases;
}

}  // namespace

TEST_CASE("a chunked body that intermediaries could read differently is refused") {
    for (const auto& [input, status] : malformed()) {
        const auto& tried = input;  // clang 14 lets no lambda have a structured binding
        CAPTURE(tried);
        const auto result = decode(input);
        CHECK(result.outcome == Outcome::refused);
        CHECK(result.status == status);
    }
}

TEST_CASE("what becomes of a chunked body does not depend on how it was divided") {
    auto inputs = well_formed();
    for (const auto& [input, status] : malformed()) inputs.push_back(input);
    for (const auto input : inputs) {
        CAPTURE(input);
        const auto whole = decode(input);
        std::vector<std::size_t> every_byte;
        for (std::size_t cut = 0; cut <= input.size(); ++cut) {
            CHECK(decode(input, {cut}) == whole);
            every_byte.push_back(cut);
        }
        CHECK(decode(input, every_byte) == whole);
    }
}

TEST_CASE("chunks are joined, and what follows the body is left alone") {
    CHECK(decode("1\r\nh\r\n4\r\nello\r\n0\r\n\r\nGET /").body == "hello");
    CHECK(decode("1\r\nh\r\n4\r\nello\r\n0\r\n\r\nGET /").after == "GET /");
    CHECK(decode("C\r\n\r\n0\r\n\r\nhello\r\n0\r\n\r\n").body == "\r\n0\r\n\r\nhello");
    CHECK(decode("0\r\n\r\n").body.empty());
}

TEST_CASE("a body may be as large as its limit") {
    const std::string data(64, 'a');

    CHECK(decode("40\r\n" + data + "\r\n0\r\n\r\n").body == data);
    CHECK(decode("20\r\n" + data.substr(32) + "\r\n20\r\n" + data.substr(32) + "\r\n0\r\n\r\n").body == data);
    CHECK(decode("20\r\n" + data.substr(32) + "\r\n21\r\n").status == 413);
}

TEST_CASE("a body of too many tiny chunks is refused before it costs more than it brings") {
    std::string tiny;
    for (int i = 0; i < 60; ++i) tiny += "1\r\na\r\n";

    CHECK(decode(tiny + "0\r\n\r\n").status == 400);
    CHECK(decode(tiny + "0\r\n\r\n", {}, {.body_bytes = 64, .overhead_bytes = 1000}).outcome == Outcome::complete);
}
